"""What Bobby remembers, in one SQLite file: what servers set, and labels that people taught."""
