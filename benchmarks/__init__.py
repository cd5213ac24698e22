"""Measurements of the whole program: `python -m benchmarks [NAME ...]`."""
