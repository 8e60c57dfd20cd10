"""Measuring: launches, groups, rounds and bursts, and what is done when something fails."""
