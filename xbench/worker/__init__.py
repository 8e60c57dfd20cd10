"""The worker process: standard library, NumPy and one framework. It may run under an interpreter
that has neither xbench nor its dependencies."""
