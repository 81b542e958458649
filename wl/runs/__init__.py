"""Runs: their plan, their directory with checkpoints, and what drives them to their goal."""
