"""What a run leaves on disk: the machine it ran on, its journal, its summary; and reading them."""
