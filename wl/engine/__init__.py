"""Flat-histogram sampling of any system: walkers in windows, weights that are learned and then frozen."""
