"""The worker process: messages in, batches run, answers out."""
