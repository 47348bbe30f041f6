"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real public records, which are not part of the repository; skips without it."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("HEADWATER_SHARED", beside)) / "data"
    if not folder.is_dir():
        pytest.skip(f"no real records: {folder} is not there; HEADWATER_SHARED names the folder above `data`")
    return folder
