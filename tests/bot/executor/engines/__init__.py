"""Tests of engines, with real processes."""
