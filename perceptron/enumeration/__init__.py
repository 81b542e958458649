"""Exact counts of the configurations of small instances, lists of their solutions, and distances between these."""
