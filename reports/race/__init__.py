"""What a race found, as figures, in words, as a table and as a chart."""
