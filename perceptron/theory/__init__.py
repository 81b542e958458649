"""Thermodynamic limit: typical solutions, their surroundings, and the thresholds between phases."""
