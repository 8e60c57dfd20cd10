"""Claims about frameworks, judged by evidence: what was printed, what is found, and a verdict."""
