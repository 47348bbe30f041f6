"""Which counts matter most, and what becomes of the verdict where counts are known only within bounds."""
