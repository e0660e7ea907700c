"""Which models can be had, and what is known of each."""
