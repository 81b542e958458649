"""A network on data as a system."""
