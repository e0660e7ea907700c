"""Tests of replies and of the way to them."""
