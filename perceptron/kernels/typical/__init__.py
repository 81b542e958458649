"""Kernels of typical solutions: constraints, priors and the replica-symmetric saddle."""
