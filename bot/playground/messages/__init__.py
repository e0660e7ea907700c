"""What may be in a message, and what becomes of it."""
