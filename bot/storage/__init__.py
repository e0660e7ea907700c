"""What Bobby remembers: what servers have set and what they have taught him, in one SQLite file."""
