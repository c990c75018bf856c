"""Warehouse to readers: publishing the marts, reading what is published, the doctor's questions."""
