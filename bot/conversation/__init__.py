"""One command, from its message or interaction to its reply."""
