"""Kernels of the local entropy around typical solutions: its two terms and their saddle."""
