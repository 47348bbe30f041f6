"""Speed and memory, against what a user would otherwise write: ``python -m benchmarks``.

Each benchmark asserts that both sides give the same answer and reports how long each took.
No time is ever asserted.
"""
