"""A Discord-compatible server and a chat page on this machine, for people without a token."""
