"""Measure an anonymizer: how much identity is left, and how much expression is kept. Needs the extra `[evaluate]`."""
