"""Tests of each kind of job."""
