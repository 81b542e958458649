"""The result of sampling: ln g with its errors, the report of its convergence, files, merging."""
