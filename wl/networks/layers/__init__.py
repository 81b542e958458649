"""Layers and activation functions of compiled networks."""
