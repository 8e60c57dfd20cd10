"""What this machine is: hardware, control group, caches, the lock."""
