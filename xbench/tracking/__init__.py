"""Whether something became slower: stored runs, thresholds, findings and their verdict."""
