"""The shelf of weights, against a real server on this machine."""
