"""A network on a device: built, loaded, made fast, kept and run."""
