"""Tests of the commands on files, and of those for the operator."""
