"""Static figures, by Matplotlib."""
