"""Fixtures that every folder of tests shares: where the pictures that are not ours lie."""

from pathlib import Path

import pytest

_SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of reference pictures beside the checkout; skip where it is absent."""
    if not _SHARED_DATA.is_dir():
        pytest.skip("The reference pictures are not here: ../shared/data is absent.")
    return _SHARED_DATA
