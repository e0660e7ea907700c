"""The gateway: websockets, sessions and what each may hear."""
