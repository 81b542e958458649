"""Data sets of the experiments, and tables of the user."""
