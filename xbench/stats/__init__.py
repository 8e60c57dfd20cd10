"""Statistics in plain Python: t intervals over launches, paired ratios."""
