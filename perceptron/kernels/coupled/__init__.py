"""Kernels of y coupled solutions: the large-deviation theory of dense regions."""
