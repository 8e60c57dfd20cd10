"""From result files to sources: what was measured, where, and how it is grouped into curves."""
