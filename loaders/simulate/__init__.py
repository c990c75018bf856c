"""Fills an inbox with what a believable audio platform writes: deterministic, streaming, messy on demand.

What the platform is: `world` (countries, clients, models, words), `library` (what can be heard). Who is on it:
`people`, `devices`. What they do: `listening`, `shows`, `engagement`, sent by `actors` with their clocks. How that
arrives: `delivery` (delays, retries, batches), `layouts` (folders, names, exports), `inbox`. What goes wrong on
demand: `breakage` (the ways a record is invalid), `mess`, `truth` (the account of it). `simulation` lets days go by.

A new kind of behaviour belongs in the module of who does it; a new way to be invalid in `breakage`, where the
tests find it by themselves.
"""

from loaders.simulate.simulation import Summary, simulate

__all__ = ["Summary", "simulate"]
