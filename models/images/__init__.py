"""Work on pixels that needs no network, done where a bad file can take nothing along."""
