"""Marts to pages: static HTML that opens without a server and asks nothing of the network."""
