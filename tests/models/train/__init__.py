"""Tests of the recipes, on data made here."""
