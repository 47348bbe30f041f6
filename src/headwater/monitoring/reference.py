"""The reference as a set of rows: whatever order they came in, it is the same reference and monitor."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.samples.values import Sample


def fingerprint(reference: Sample) -> str:
    """Of the rows of a reference: any other value, name or kind gives another, the order of rows does not."""
    digest = hashlib.sha256(json.dumps([reference.kind, reference.names, reference.rows.shape]).encode())
    keys = _keys(reference)
    keys = keys[np.argsort(keys)]
    digest.update(keys.tobytes() if reference.kind == "numeric" else json.dumps(keys.tolist()).encode())
    return f"sha256:{digest.hexdigest()}"


def shuffled(reference: Sample, seed: int, mark: str) -> Sample:
    """Its rows in an order that depends on the seed and on what they are, not on how they were given.

    Parameters
    ----------
    mark
        Its fingerprint.

    Notes
    -----
    Sorted rows alone would not do: halves that one seed cuts from them are always the same ranks, and these
    are no random halves. The fingerprint makes the order as good as random, anew for every reference.
    """
    shuffle = np.random.default_rng([seed, int(mark.removeprefix("sha256:"), 16)])
    order = np.argsort(_keys(reference))[shuffle.permutation(len(reference))]
    return replace(reference, rows=reference.rows[order])


def _keys(reference: Sample) -> NDArray[Any]:
    """(rows,) keys that sort, the same where rows are: bytes of numbers, or the strings themselves."""
    if reference.kind != "numeric":
        return reference.rows
    # Adding 0 makes -0 a 0.
    rows = np.ascontiguousarray(reference.rows + 0.0, "<f8")
    return rows.view(f"V{rows.shape[1] * rows.itemsize}").ravel()
