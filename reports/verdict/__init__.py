"""How the verdict of a comparison is shown: in the terminal, as Markdown, as a page."""
