"""Networks on data sets by name, with the options and settings of paper H."""
