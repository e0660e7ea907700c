"""The running bot: its client, its start and end, and what watches it."""
