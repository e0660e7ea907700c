"""Labels that people teach with a few pictures."""
