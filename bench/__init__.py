"""Benchmarks: ratios in one run, ours beside the raw floor. Run as `python -m bench.server`."""
