"""Commands, components and what bots answer to them."""
