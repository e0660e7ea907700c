"""What people can ask: one file per family of commands."""
