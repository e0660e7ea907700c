"""Torch Hub, taking: a repository that behaves and misbehaves, as real code in a real worker."""
