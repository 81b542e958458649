"""Data sets: the spiral, tables, house prices, polymers."""
