"""Tests of networks on a device."""
