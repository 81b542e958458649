"""The command line `wl`: commands parse, call and print; they compute nothing."""
