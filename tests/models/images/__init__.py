"""Tests of work on pixels."""
