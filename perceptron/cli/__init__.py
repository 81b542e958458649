"""The command line `perceptron`: commands parse, call and print; they compute nothing."""
