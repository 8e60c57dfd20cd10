"""Which workloads at which sizes, and what `pytest --benchmark-only` collects."""
