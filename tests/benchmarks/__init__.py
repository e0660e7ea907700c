"""Figures of speed, measured and not asserted: `python -m tests.benchmarks`."""
