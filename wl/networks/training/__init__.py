"""Ensembles of trained networks."""
