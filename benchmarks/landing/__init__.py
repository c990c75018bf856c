"""What landing costs, against others, on the same dirty files; README.md says how to run and how to read it."""
