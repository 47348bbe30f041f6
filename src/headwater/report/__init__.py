"""Drawing what a diagnosis found, for people and for programs."""
