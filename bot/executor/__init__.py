"""The queue between people and workers: admission, fairness, batching, supervision."""
