"""Dense regions of solutions by the large-deviation theory, and where they end."""
