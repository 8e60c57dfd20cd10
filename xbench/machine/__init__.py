"""What the system tells of this machine and of what processes on it inherit."""
