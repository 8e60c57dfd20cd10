"""What holds where a user says nothing, on the command line and under pytest."""

RESULTS = "xbench-results"
"""The folder that runs are kept in."""

SEED = 5
"""Of the input data and of the random orders."""
