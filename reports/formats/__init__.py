"""The report as files: Markdown, CSV, JSON, LaTeX, HTML; and a run in other tools' formats."""
