"""Local entropy around typical solutions, and the thresholds between its phases."""
