"""Workers as replicas on a Ray cluster."""
