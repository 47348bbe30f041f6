"""Mutated records against every importer: where they come from, how they are spoilt, how each is judged."""
