"""What made a label, shown on the picture: `!why` and `!shake`."""
