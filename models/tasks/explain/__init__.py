"""What made a label."""
