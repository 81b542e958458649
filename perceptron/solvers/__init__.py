"""Search for one solution of one instance: every algorithm behind one call, every answer verified."""
