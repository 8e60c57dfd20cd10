"""The report as text: Markdown, CSV, JSON, LaTeX, HTML."""
