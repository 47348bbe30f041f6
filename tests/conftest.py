"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

RECORDS = "HEADWATER_RECORDS"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real public records, which are not part of the repository; skips without it.

    Named by an environment variable, or found in a folder beside the checkout.
    """
    beside = sorted(Path(__file__).resolve().parents[2].glob("*/data/ecosystem_graphs"))
    folder = Path(os.environ[RECORDS]) if RECORDS in os.environ else beside[0].parent if beside else None
    if folder is None or not folder.is_dir():
        pytest.skip(f"no real records here: {RECORDS} may name a folder that holds ecosystem_graphs/assets")
    return folder
