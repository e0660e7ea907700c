"""Tests of `models.reading`."""
