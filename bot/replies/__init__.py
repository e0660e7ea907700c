"""Answers of the worker as text and embeds."""
