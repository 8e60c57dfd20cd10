"""From suites and a selection to cells, groups, and what they will cost."""
