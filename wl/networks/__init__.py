"""Fully connected networks: shapes, forward passes, and ensembles trained by gradients."""
