"""The page of stored runs: what each cell did over time, and what changed when it did."""
