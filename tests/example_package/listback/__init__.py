"""A package that adds to xbench from outside."""
