"""What a run leaves on disk: its journal, written and read; also pytest-benchmark's files and the
record of `xbench selftest --aa`. The summary is in `xbench/analysis/summary.py`."""
