"""What follows from records: times, intervals, ratios, bounds. No file is read or written."""
