"""The people, servers, channels and messages of a playground, and how Discord words them."""
