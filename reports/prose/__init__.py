"""Figures, names and sentences as text, as far as intervals allow."""
