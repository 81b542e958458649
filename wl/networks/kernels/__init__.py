"""Compiled networks: losses, changes of one parameter, gradients."""
