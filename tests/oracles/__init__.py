"""Naive twins of the theory and of the simulation, for the tests to compare with.

`simulation` draws every sample; `recursions` writes the second moments out with loops and
dense matrices. Neither imports anything of the library but its graph and its regimes.
"""
