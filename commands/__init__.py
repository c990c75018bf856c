"""The `earshot` command line: arguments in, one call into a room of the house, words out."""
