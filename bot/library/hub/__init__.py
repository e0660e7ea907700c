"""Torch Hub, taking: strangers' classifiers by the operator's list, each repository on its own.

`listing` owns the list, `archive` the code on the disk, `reading` what the code says of itself
without being run, `hub` the workers that run it.
"""
