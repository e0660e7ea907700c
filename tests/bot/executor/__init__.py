"""Tests of the executor: the queue, the dispatch, and the local engine with real processes."""
