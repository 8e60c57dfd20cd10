"""Records in, tables and plots out. Never times anything, imports no framework."""
