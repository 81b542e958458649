"""Kernels of machines with one hidden layer: many units, or three, with signs or ReLU."""
