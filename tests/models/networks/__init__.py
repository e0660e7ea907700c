"""Tests of the networks against references written independently of them."""
