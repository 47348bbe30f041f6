"""Scores: what one row (or pair of rows) of a sample says, as a number between 0 and 1."""
