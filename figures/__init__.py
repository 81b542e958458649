"""Figures of the papers: each is computed into a file with its provenance, and drawn from that file alone."""
