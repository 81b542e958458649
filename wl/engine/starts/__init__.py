"""How walkers get to where sampling begins."""
