"""A/B in one job: what the two sides are, which cells they share, and what was found of each."""
