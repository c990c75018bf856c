"""Inbox to lake: contracts, decoding, quarantine, load records, and the simulator that fills an inbox."""
