"""What landscapes say: curves, comparisons, the advantage over training, pictures."""
