"""Ratios, each measured in one run on one machine: ``python -m benchmarks`` prints a table."""
