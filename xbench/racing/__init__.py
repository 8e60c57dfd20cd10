"""A race: a user's own functions, measured side by side as cells are."""
