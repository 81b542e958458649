"""Typical solutions in the replica-symmetric theory."""
