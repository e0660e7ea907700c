"""Checkpoints: where they lie, and whether they are what was published."""
