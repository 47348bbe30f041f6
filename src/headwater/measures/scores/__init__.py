"""Per-row bounded scores, one a file: what the monitor bets on and the definitions count."""
