"""Warehouse to readers: publishing the marts, read-only SQL, the doctor."""
