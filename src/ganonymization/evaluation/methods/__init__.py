"""Anonymizers to compare with: ours, the published one, the classic families, and outputs made elsewhere."""
