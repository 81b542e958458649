"""Windows of a grid, the walkers in them, and what they exchange."""
