"""Measurements that anybody can repeat; README.md says how to run and how to read them."""
