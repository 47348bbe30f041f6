"""What pytest leaves alone here."""

# Scripts that recorded what lies beside them, with tools that the tests do without.
collect_ignore_glob = ["data/*"]
