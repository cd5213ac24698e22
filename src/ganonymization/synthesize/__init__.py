"""Synthesis: draw the invented person."""

from ganonymization.synthesize.pix2pix import Pix2Pix

__all__ = ["Pix2Pix"]
