"""Watching generations as they come, with a stated chance of ever ringing in vain."""
