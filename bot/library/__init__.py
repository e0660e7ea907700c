"""The shelf of weights: what is on it, and how what is missing comes from its publisher.

`store` owns the folder, `download` the way over the network, `library` what people may ask for.
"""
