"""Tests of what `bobby bench` measures with."""
