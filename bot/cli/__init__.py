"""The command line, `bobby ...`: one command a module."""
