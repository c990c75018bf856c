"""Fills an inbox with what a believable audio platform writes: deterministic, streaming, messy on demand."""

from loaders.simulate.simulation import Summary, simulate

__all__ = ["Summary", "simulate"]
