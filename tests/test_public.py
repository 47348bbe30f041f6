"""What `import headwater` promises: everything by its name, nothing loaded before it is used."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import headwater

HEAVY = ("numpy", "scipy", "pyarrow", "pydantic", "rich", "typer", "xarray", "yaml", "networkx")


def test_importing_loads_nothing_heavy():
    """In a process of its own, `import headwater` leaves numpy and the rest alone."""
    run = subprocess.run(
        [sys.executable, "-c", "import headwater, sys; dir(headwater); print(*sys.modules)"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert not set(HEAVY) & set(run.stdout.split())


@pytest.mark.parametrize("name", headwater.__all__)
def test_every_public_name_is_there(name):
    """And it is called what it is called where it lives."""
    value = getattr(headwater, name)
    homes = {"metrics": "registry"}  # a package has one registry a folder
    assert value.__name__.rpartition(".")[2] == homes.get(name, name)
    assert value.__doc__


def test_public_names_are_sorted_and_listed():
    """`dir` shows them, and no name twice."""
    assert list(headwater.__all__) == sorted(set(headwater.__all__))
    assert set(headwater.__all__) <= set(dir(headwater))


def test_an_unknown_name_is_an_attribute_error():
    """As of any module."""
    with pytest.raises(AttributeError, match="diagnoze"):
        headwater.diagnoze  # noqa: B018


def test_every_error_is_a_headwater_error():
    """One `except` for all."""
    errors = [getattr(headwater, name) for name in headwater.__all__ if name.endswith("Error")]
    assert all(issubclass(error, headwater.HeadwaterError) for error in errors)


def test_the_first_example_works():
    """A tenth real at the teacher, none at the student: grounded, worse by a known factor, no collapse.

    With a = .9 and generation 0 at 1/10,000 each, T = .81 S + 1 and S = T + 1 in its units: T = 1.81/.19.
    """
    graph = headwater.InteractionGraph.from_flows(
        [("web", "teacher", 1_000), ("student", "teacher", 9_000), ("teacher", "student", 10_000)],
        sources=["web"],
    )
    diagnosis = headwater.diagnose(graph)
    assert diagnosis.verdict == "degrades"
    assert diagnosis.of("teacher")["inflation_limit"] == pytest.approx(1.81 / 0.19)
    assert diagnosis.of("student")["inflation_limit"] == pytest.approx(1.81 / 0.19 + 1)
    assert "'web'" in str(diagnosis)


def test_laws_are_found_beside_the_verb():
    """`headwater.laws.poisson(2.0)` is what `diagnose` takes."""
    graph = headwater.InteractionGraph.from_flows([("a", "a", 100)])
    diagnosis = headwater.diagnose(graph, headwater.laws.poisson(2.0), regime=headwater.Window(3))
    assert diagnosis.to_dict()["law"]["name"] == "poisson"
    assert isinstance(diagnosis, headwater.Diagnosis)
