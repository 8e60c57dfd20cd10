"""Lets pytest find the cells of the suites, wherever the suites are installed."""

pytest_plugins = ["xbench.pytest_plugin"]
