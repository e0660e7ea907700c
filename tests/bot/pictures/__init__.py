"""Tests of finding and fetching pictures."""
