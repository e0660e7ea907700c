"""Discord's REST routes and its CDN."""
