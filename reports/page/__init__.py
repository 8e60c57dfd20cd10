"""The report as one page: template, style, scripts and the data they draw."""
