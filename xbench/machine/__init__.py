"""What this machine is: its processor's name, and where this user's caches are."""
