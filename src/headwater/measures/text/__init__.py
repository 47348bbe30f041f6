"""Metrics of words and labels: how many there are, how even, how rare, how often repeated."""
