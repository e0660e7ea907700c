"""Starts coverage in every Python that a test starts; see `tests.mutation.recorder`."""

import coverage

coverage.process_startup()
