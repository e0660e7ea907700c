"""What servers set and teach, on disk."""
