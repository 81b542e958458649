"""Compiled kernels: arrays and NamedTuples in, numbers out. They never raise, print, seed or keep state."""
