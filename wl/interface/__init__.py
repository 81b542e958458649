"""What a system tells the engine: its variables, bins, moves, forces and random numbers."""
