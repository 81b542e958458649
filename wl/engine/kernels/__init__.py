"""Compiled walks of Monte Carlo."""
