"""xbench: cross-framework benchmarks whose numbers hold. See ARCHITECTURE.md for the map."""

__version__ = "0.1.0"
