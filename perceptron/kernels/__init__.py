"""Compiled kernels: arrays and NamedTuples in, numbers out. They never raise, print, seed or keep state.

A kernel called from Python returns plain tuples, `..._flat` where it has a record to return, and the driver names the
numbers: numba runs Python code to build a NamedTuple, and crashes the interpreter when Ctrl-C arrives just then.
"""
