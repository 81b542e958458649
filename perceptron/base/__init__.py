"""What everything stands on: compiled kernels, checks, files, results, sweeps, printing."""
