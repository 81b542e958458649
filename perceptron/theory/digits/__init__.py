"""Thresholds to any number of digits, and proofs of them."""
