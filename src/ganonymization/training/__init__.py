"""Training of the generator; the only part of the package that imports torch (extra `train`)."""
