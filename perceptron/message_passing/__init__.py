"""One instance by message passing: belief propagation, its focusing relatives, entropies they estimate."""
