"""What a build costs with a short and a long history behind it; README.md says how to run and how to read it."""
