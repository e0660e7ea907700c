"""What runs a batch: worker processes on this machine, or a Ray cluster."""
