"""Whether something became slower: findings, their rules, and the verdict they add up to."""
