"""Numbers from graph and regime alone: risk, limits, growth, diversity, tails, ancestry."""
