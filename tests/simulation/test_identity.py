"""What a run is: two that could differ have different digests, and one keeps its digest anywhere."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from headwater import families
from headwater.errors import FamilyError
from headwater.simulation.identity import family_parameters, fingerprint

ROWS = np.random.default_rng(1).normal(size=(700, 2))


def named_risk(sample, reference):
    return 0.0


def test_values_of_every_kind_are_told_apart():
    values = [1, 1.0, "1", True, None, [1], [[1]], [1, 2], {"a": 1}, {"a": 2}, {"b": 1}]
    values += [
        np.array([1, 2]),
        np.array([1.0, 2.0]),
        np.array([[1, 2]]),
        np.arange(5000),
        np.arange(5000)[::-1],
    ]
    assert len({fingerprint(value) for value in values}) == len(values)


def test_long_arrays_inside_an_estimator_count_in_full():
    """Their text leaves the middle out; their bytes do not."""
    from sklearn.mixture import GaussianMixture

    first, second = ROWS.copy(), ROWS.copy()
    second[350, 0] += 1e-12
    digests = {fingerprint(GaussianMixture(700, means_init=means)) for means in (first, second)}
    assert len(digests) == 2


def test_a_function_without_a_name_of_its_own_is_refused():
    assert fingerprint(named_risk) == fingerprint(named_risk)
    with pytest.raises(FamilyError, match="cannot be told from another"):
        fingerprint(lambda sample, reference: 0.0)
    with pytest.raises(FamilyError, match="cannot be told from another"):
        fingerprint(object())


def test_numpy_numbers_are_numbers():
    assert family_parameters(
        families.Gaussian(ddof=np.int64(1), dimensions=np.int64(2))
    ) == family_parameters(families.Gaussian(ddof=1, dimensions=2))


def test_another_process_finds_the_same_digest():
    code = (
        "from headwater import families; from headwater.simulation.identity import *; "
        "print(fingerprint(families.Gaussian(ddof=1, dimensions=3).parameters))"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert there.strip() == fingerprint(families.Gaussian(ddof=1, dimensions=3).parameters)
