"""Starting, stopping, asking and ending worker processes, from the parent's side."""
