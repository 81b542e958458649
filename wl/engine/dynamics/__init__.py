"""Walks by molecular dynamics: hills of the bias, integrators, and their settings."""
