"""The binary perceptron on patterns as a system."""
