"""Bobby without Discord: what the command line does with files, one command a module."""
