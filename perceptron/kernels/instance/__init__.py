"""Kernels of one instance: patterns, messages, counts, searches."""
