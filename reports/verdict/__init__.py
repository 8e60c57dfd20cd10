"""How verdicts and histories of tracking are shown: in the terminal, as Markdown, as a page."""
