"""Readers of record formats: one module each with ``read(path) -> Facts``."""
