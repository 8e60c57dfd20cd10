"""A run in other people's formats: a file a format."""
