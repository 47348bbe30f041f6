"""A store opens as the Dataset that it was, and reads no more than is asked for."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pyarrow.parquet as pq
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater import InteractionGraph, families, simulate
from headwater.simulation import store as disk
from headwater.simulation.opening import open_run

GRAPH = InteractionGraph.from_flows(
    [("web", "a", 3), ("a", "a", 9), ("a", "b", 12), ("b", "c", 5)], sources=["web"]
)
RUN = {"replicates": 23, "chunk": 5, "seed": 3, "generations": 11}
SHAPE = (23, 12, 3)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The run in memory, and its store with three generations a row group."""
    path = tmp_path_factory.mktemp("runs") / "run"
    whole = simulate(GRAPH, families.Gaussian(ddof=1), **RUN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "GENERATIONS_AT_ONCE", 3)
        simulate(GRAPH, families.Gaussian(ddof=1), store=path, **RUN)
    assert pq.ParquetFile(disk.chunk_path(path, 0)).num_row_groups == 4
    return whole, path


def lazy(runs):
    return not any(isinstance(each.variable._data, np.ndarray) for each in runs.data_vars.values())


def test_a_store_opens_as_the_same_dataset(runs):
    """Values, coordinates, attributes and their types; nothing is read before it is asked for.

    The file itself says how many generations a row group has: it was written with another number.
    """
    whole, path = runs
    opened = open_run(path)
    assert lazy(opened)
    assert opened["risk"].dtype == float
    repr(opened)
    assert lazy(opened)
    xr.testing.assert_identical(opened, whole)
    assert opened["model"].dtype == whole["model"].dtype
    assert not lazy(opened.load())
    xr.testing.assert_identical(opened, whole)


def test_copies_and_pickles_are_the_same_dataset_and_stay_lazy(runs):
    """So that it can be sent to another process."""
    whole, path = runs
    opened = open_run(path)
    for other in (copy.deepcopy(opened), pickle.loads(pickle.dumps(opened)), opened.copy(deep=True)):
        assert lazy(other)
        xr.testing.assert_identical(other, whole)


def test_what_people_compute_is_the_same(runs):
    """Means, quantiles, selections by name, groups, tables."""
    whole, path = runs
    opened = open_run(path)
    for compute in (
        lambda each: each.mean("replicate"),
        lambda each: each.median("replicate"),
        lambda each: each.quantile([0.1, 0.9], "replicate"),
        lambda each: each.sel(model="b", generation=[3, 1], replicate=slice(4, 9)),
        lambda each: each.sel(model=["c", "a"]).isel(generation=-1),
        lambda each: each.where(each["risk"] > 0.1),
        lambda each: each.isel(
            replicate=xr.DataArray([1, 9], dims="at"), model=xr.DataArray([2, 0], dims="at")
        ),
        lambda each: each.transpose("model", "generation", "replicate"),
        lambda each: each["risk"].isel(generation=slice(None, None, -2))[::3],
    ):
        xr.testing.assert_identical(compute(opened), compute(whole))


def test_assigning_changes_this_dataset_and_not_the_store(runs):
    """As in any Dataset that xarray opens."""
    whole, path = runs
    opened = open_run(path)
    opened["risk"][0, 0, 0] = 7.0
    assert opened["risk"].values[0, 0, 0] == 7
    xr.testing.assert_identical(open_run(path), whole)


def keys(size):
    """Whatever may stand at one place between square brackets."""
    whole = st.integers(-size, size - 1)
    return st.one_of(
        whole, st.slices(size), st.lists(whole, max_size=8).map(lambda each: np.array(each, int))
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(key=st.tuples(*map(keys, SHAPE)))
def test_any_indexing_equals_numpy_s(runs, key):
    """Whole numbers, slices and lists, forwards, backwards, repeated and empty; each dimension alone."""
    whole, path = runs
    expected = whole["risk"].values
    for axis in (2, 1, 0):
        expected = expected[(slice(None),) * axis + (key[axis],)]
    named = dict(zip(("replicate", "generation", "model"), key, strict=True))
    found = open_run(path)["risk"].isel(named).values
    assert found.shape == expected.shape
    assert np.array_equal(found, expected)


def test_only_the_row_groups_that_are_asked_for_are_read(runs, monkeypatch):
    """The last generation of two replicates lies in one row group of each of their chunks."""
    whole, path = runs
    read = []
    original = pq.ParquetFile.read_row_group

    def counted(self, group, columns=None, **options):
        read.append((group, columns))
        return original(self, group, columns=columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    found = open_run(path)["risk"].isel(generation=-1, replicate=[6, 22]).values
    assert (found == whole["risk"].values[[6, 22], -1]).all()
    assert read == [(3, ["risk"])] * 2
    read.clear()
    assert open_run(path)["risk"][:, :0].values.shape == (23, 0, 3)
    assert read == []


def test_values_that_are_no_numbers_stay_what_they_are(tmp_path):
    """Infinite and missing risk are results."""
    manifest = disk.Manifest(
        {},
        "d",
        2,
        2,
        3,
        ["a"],
        {"risk": {"units": "", "better": "", "text": "", "scale": "ratio"}},
        provenance={},
    )
    disk.prepare(tmp_path, manifest, False)
    values = np.array([[np.nan, np.inf], [-np.inf, -0.0], [5e-324, 1.7e308], [1, 2]])
    disk.write_chunk(tmp_path, manifest, 0, ({"risk": row[:, None]} for row in values))
    found = open_run(tmp_path)["risk"].values[:, :, 0]
    assert found.T.tobytes() == values.tobytes()
