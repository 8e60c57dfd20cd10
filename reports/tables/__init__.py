"""Tables of text: cells, ratios, causes."""
