"""Tests of downloads, against a real server on this machine."""
