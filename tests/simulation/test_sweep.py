"""Sweeps: every point is the simulation of that pipeline, and a stopped sweep goes on."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from headwater.errors import FamilyError, GraphError, InputError, OutputError
from headwater.families import Gaussian
from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.simulation import Executor, simulate
from headwater.simulation.summary import summarise
from headwater.simulation.sweep import PROVENANCE, plan_sweep, sweep

FAMILY = Gaussian(ddof=1)
HOW = {"replicates": 60, "seed": 7}
COLUMNS = [
    "generation",
    "model",
    "measure",
    "mean",
    "standard_error",
    "median",
    "median_low",
    "median_high",
    "replicates",
    "not_finite",
]


def mixed(real, own=20, alone=9):
    """A model on real and own samples, and one on its own alone."""
    flows = [("a", "a", own), ("b", "b", alone), *([("web", "a", real)] if real else [])]
    return Pipeline(InteractionGraph.from_flows(flows, ["web"]), generations=4, name="mixed")


def point(table, **values):
    rows = table.to_pylist()
    return [row for row in rows if all(row[name] == value for name, value in values.items())]


def test_every_point_is_the_simulation_of_that_pipeline():
    """Row by row, the flow there or not; and the table is tidy."""
    table = sweep(mixed(10), FAMILY, {"web->a": [0, 5, 40], "a->a": [20, 3]}, **HOW)
    assert table.column_names == ["web->a", "a->a", *COLUMNS]
    assert table.num_rows == 6 * 5 * 2 * 4
    for real, own in ((0, 20), (5, 3), (40, 20)):
        found = summarise(simulate(mixed(real, own), FAMILY, **HOW))
        rows = point(table, **{"web->a": real, "a->a": own})
        assert len(rows) == 5 * 2 * 4
        for row in rows:
            at = {key: row[key] for key in ("measure", "generation", "model")}
            for name in COLUMNS[3:8]:
                # samples drawn with another order of flows differ; the point without one has the same
                if real == 0 or row["model"] == "b":
                    assert row[name] == float(found[name].sel(**at)), (name, at)
            assert row["replicates"] == 60


def test_a_varied_flow_that_exists_keeps_its_place():
    """All numbers of a point are those of the file with that count, bit for bit."""
    pipeline = mixed(10)
    table = sweep(pipeline, FAMILY, {"web->a": [5]}, **HOW)
    found = summarise(simulate(mixed(5), FAMILY, **HOW))
    assert table["mean"].to_pylist() == found["mean"].values.ravel().tolist()


def test_points_share_their_random_numbers():
    """What a field does not touch is the same at every point, though sizes differ."""
    pipeline = mixed(10)
    table = sweep(pipeline, FAMILY, {"web->a": [1, 1000]}, **HOW)
    few, many = ([row["mean"] for row in point(table, **{"web->a": real}, model="b")] for real in (1, 1000))
    assert few == many
    assert len({run.manifest.chunk for run in _grid(pipeline, {"web->a": [1, 1000]}).runs}) == 1


def _grid(pipeline, vary, generations=None):
    return plan_sweep(pipeline, FAMILY, vary, (60, 7, generations, None))


def test_a_sweep_follows_the_theory():
    """The mean of a grounded loop of n real and n own samples keeps the risk 4/3 of n real ones."""
    n, replicates = 4, 4000
    flows = [("web", "a", 1), ("a", "a", n)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, ["web"]), generations=30)
    runs = {}
    table = sweep(pipeline, FAMILY, {"web->a": [2, n]}, replicates=replicates, seed=3)
    for real in (2, n):
        row = point(table, **{"web->a": real}, measure="risk", generation=30)[0]
        runs[real] = (row["mean"], row["standard_error"])
        # V(1/N) of a generation's noise, carried on by the own share w = n/(n + real)
        share, budget = n / (n + real), n + real
        variance = _steady(share, budget, n, 30)
        assert abs(row["mean"] - variance) < 5.3 * row["standard_error"]
    assert abs(runs[2][0] - _steady(n / (n + n), 2 * n, n, 30)) > 5.3 * runs[2][1]


def _steady(share, budget, own, generations):
    """Second moments of mean and variance, stepped by hand: pooled scatter feeds the mean's errors."""
    mean, variance = 1 / budget, 1.0
    real = budget - own
    for _ in range(generations):
        between = own * real / budget * (mean + variance / own + 1 / real)
        within = (own - 1) * variance + (real - 1)
        mean = share**2 * mean + (own * variance + real) / budget**2
        variance = (within + between) / (budget - 1)
    return mean


def test_regime_and_horizon_are_varied_like_numbers():
    """Text in a column of text; each point has its own last generation."""
    table = sweep(mixed(10), FAMILY, {"regime": ["replace", "window:2"], "generations": [1, 3]}, **HOW)
    assert set(table["regime"].to_pylist()) == {"replace", "window:2"}
    for horizon in (1, 3):
        rows = point(table, generations=horizon, regime="replace", measure="risk", model="a")
        assert [row["generation"] for row in rows] == list(range(horizon + 1))


def test_a_flow_that_is_not_there_has_no_weight_and_one_that_is_added_has():
    """In whatever order they are named, and whether the flow was there before."""
    table = sweep(mixed(10), FAMILY, {"web->b.weight": [1.0, 2.0], "web->b": [0, 5]}, **HOW)
    none = [point(table, **{"web->b": 0, "web->b.weight": weight}, model="b") for weight in (1.0, 2.0)]
    some = [point(table, **{"web->b": 5, "web->b.weight": weight}, model="b") for weight in (1.0, 2.0)]
    means = [[row["mean"] for row in rows] for rows in (*none, *some)]
    assert means[0] == means[1] != means[2] != means[3]


def test_the_table_says_where_it_comes_from(tmp_path):
    """In memory and in the file, which any reader of Parquet reads."""
    path = tmp_path / "s.parquet"
    table = sweep(mixed(10), FAMILY, {"web->a": [5, 1.0]}, output=path, **HOW)
    about = json.loads(pq.read_schema(path).metadata[PROVENANCE])
    assert about == json.loads(table.schema.metadata[PROVENANCE])
    assert (about["vary"], about["seed"], about["family"]["ddof"]) == ({"web->a": [5, 1.0]}, 7, 1)
    assert {"python", "numpy", "headwater"} <= about["environment"].keys()
    assert pq.read_table(path).equals(table)
    assert [each.name for each in tmp_path.iterdir()] == ["s.parquet"]


class Stopped(Exception):
    pass


@pytest.mark.parametrize("after", [0, 1, 3, 5, 8])
def test_a_stopped_sweep_goes_on_and_ends_in_the_same_table(tmp_path, monkeypatch, after):
    """Stopped at any chunk of any point; what is finished is not played again."""
    monkeypatch.setattr("headwater.simulation.run.default_chunk", lambda *_: 40)
    path, vary = tmp_path / "s.parquet", {"web->a": [0, 5, 40]}
    how = HOW | {"replicates": 120}
    whole = sweep(mixed(10), FAMILY, vary, **how)
    played = []
    limited = Executor.run

    def stopping(self, function, numbers):
        for each in limited(self, function, numbers):
            if len(played) == after:
                raise Stopped
            played.append(1)
            yield each

    with monkeypatch.context() as patch:
        patch.setattr(Executor, "run", stopping)
        with pytest.raises(Stopped):
            sweep(mixed(10), FAMILY, vary, output=path, **how)
    assert not path.exists()
    with pytest.raises(InputError, match="this very sweep lies here"):
        sweep(mixed(10), FAMILY, vary, output=path, **how)
    with pytest.raises(InputError, match="another sweep lies here"):
        sweep(mixed(10), FAMILY, vary, output=path, resume=True, **(how | {"seed": 8}))
    more = []

    def counting(self, function, numbers):
        for each in limited(self, function, numbers):
            more.append(1)
            yield each

    monkeypatch.setattr(Executor, "run", counting)
    assert sweep(mixed(10), FAMILY, vary, output=path, resume=True, **how).equals(whole)
    # the chunk that was stopped at was written already, and not counted
    assert len(more) == 9 - after - 1
    assert [each.name for each in tmp_path.iterdir()] == ["s.parquet"]
    assert sweep(mixed(10), FAMILY, vary, output=path, resume=True, **how).equals(whole)
    assert len(more) == 9 - after - 1


def test_a_file_that_exists_is_never_replaced(tmp_path):
    """Neither another table nor this one again."""
    path = tmp_path / "s.parquet"
    sweep(mixed(10), FAMILY, {"web->a": [5]}, output=path, **HOW)
    for resume, values, said in ((False, [5], "exists"), (True, [6], "another table")):
        with pytest.raises(InputError, match=said):
            sweep(mixed(10), FAMILY, {"web->a": values}, output=path, resume=resume, **HOW)
    path.write_text("my notes")
    with pytest.raises(InputError, match="whole Parquet"):
        sweep(mixed(10), FAMILY, {"web->a": [5]}, output=path, resume=True, **HOW)
    with pytest.raises(InputError, match="no sweep to resume"):
        sweep(mixed(10), FAMILY, {"web->a": [5]}, resume=True, **HOW)
    with pytest.raises(OutputError, match="cannot be made"):
        sweep(mixed(10), FAMILY, {"web->a": [5]}, output=path / "in" / "s.parquet", **HOW)


@pytest.mark.parametrize(
    ("vary", "error", "problem"),
    [
        ({}, InputError, "nothing is varied"),
        ({"web->a": []}, InputError, "values of web->a"),
        ({"web->a": [5, 5]}, InputError, "values of web->a"),
        ({"regime": "replace"}, InputError, "values of regime"),
        ({"web->a": [1], "web -> a": [2]}, InputError, "two names mean the same field"),
        (None, InputError, "vary is None"),
        ([("web->a", [5])], InputError, "vary is ["),
        ({"web->a": 5}, InputError, "the values of web->a are 5"),
        ({"web->a": {5, 6}}, InputError, "the values of web->a are {5, 6}"),
        ({"web->a": np.array(5)}, InputError, "the values of web->a are array(5)"),
        ({"web->a": np.array([[5], [6]])}, InputError, "the values of web->a are array"),
        ({5: [5]}, InputError, "a varied field is called 5"),
        ({"web->a": [[5]]}, InputError, "a value of web->a is [5]"),
        ({"web->a": [None]}, InputError, "a value of web->a is None"),
        ({"web->a": [True]}, InputError, "a value of web->a is True"),
        ({"web->a": [2**53 + 1]}, GraphError, "at web->a=9007199254740993"),
        ({"web->a": itertools.count(1)}, InputError, "100,001 points"),
        ({"web->a": range(1, 400), "a->a": range(1, 400)}, InputError, "159,201 points"),
        ({"web->x": [1]}, GraphError, "no model is called 'x'"),
        ({"web->a": [5, 2.5]}, GraphError, "at web->a=2.5: web->a is 2.5"),
        ({"b->b": [9, 0]}, GraphError, "at b->b=0: model 'b' is trained every generation"),
        ({"a->a.top_p": [1.0, 0.5]}, FamilyError, "at a->a.top_p=0.5: flow 'a' -> 'a' has top_p"),
        ({"b->b": [9, 1]}, FamilyError, "at b->b=1: model 'b' is fitted on 1 samples"),
    ],
)
def test_a_point_that_cannot_be_is_told_before_any_is_played(monkeypatch, vary, error, problem):
    """With the point."""
    monkeypatch.setattr(Executor, "run", lambda *_: pytest.fail("played"))
    with pytest.raises(error) as raised:
        sweep(mixed(10), FAMILY, vary, **HOW)
    assert problem in raised.value.problem
    assert raised.value.remedy


def test_a_horizon_is_given_or_varied_and_not_both():
    """They say the same thing."""
    with pytest.raises(InputError, match="both given and varied"):
        _grid(mixed(10), {"generations": [1, 2]}, generations=3)


@pytest.mark.parametrize(
    "values", [np.array([5, 6]), iter([5, 6]), (np.int64(5), np.float64(6)), range(5, 7)]
)
def test_values_may_be_any_that_have_an_order(values):
    """Numbers of numpy are numbers; the table is that of a list, and its record can be read."""
    table = sweep(mixed(10), FAMILY, {"web->a": values}, **HOW)
    same = sweep(mixed(10), FAMILY, {"web->a": [5, 6]}, **HOW)
    assert table["mean"].equals(same["mean"])
    assert json.loads(table.schema.metadata[PROVENANCE])["vary"] == {"web->a": [5, 6]}


def test_a_directory_of_somebody_else_is_left_alone(tmp_path):
    """Whatever lies in it; an empty one may be used."""
    path, notes = tmp_path / "s.parquet", tmp_path / "s.parquet.points" / "keepme" / "data.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    for resume in (False, True):
        with pytest.raises(InputError, match="files of something else, such as 'keepme'"):
            sweep(mixed(10), FAMILY, {"web->a": [5]}, output=path, resume=resume, **HOW)
    assert notes.read_text() == "mine"
    assert not path.exists()
    notes.unlink()
    notes.parent.rmdir()
    sweep(mixed(10), FAMILY, {"web->a": [5]}, output=path, **HOW)
    assert [each.name for each in tmp_path.iterdir()] == ["s.parquet"]


def test_clearing_up_removes_nothing_but_the_sweeps_own_files(tmp_path, monkeypatch):
    """What was laid beside them while it ran stays."""
    path = tmp_path / "s.parquet"
    points = tmp_path / "s.parquet.points"
    limited = Executor.run

    def laying(self, function, numbers):
        (points / "notes.txt").write_text("mine")
        (points / "point-000000" / "notes.txt").write_text("mine")
        return limited(self, function, numbers)

    monkeypatch.setattr(Executor, "run", laying)
    sweep(mixed(10), FAMILY, {"web->a": [5]}, output=path, **HOW)
    left = sorted(str(each.relative_to(points)) for each in points.rglob("*"))
    assert left == ["notes.txt", "point-000000", "point-000000/notes.txt"]


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("x" * 300, OutputError, "cannot be written: File name too long"),
        ("x" * 252, OutputError, "File name too long"),
        ("a\0b", OutputError, "cannot be written: embedded null byte"),
        ("", InputError, "name of the output is empty"),
    ],
)
def test_a_name_that_no_file_can_have_is_one_error(tmp_path, monkeypatch, name, error, said):
    """Before anything is simulated."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Executor, "run", lambda *_: pytest.fail("played"))
    with pytest.raises(error, match=said) as raised:
        sweep(mixed(10), FAMILY, {"web->a": [5]}, output=name, **HOW)
    assert raised.value.problem.isprintable() and raised.value.remedy
    assert not list(tmp_path.iterdir())
