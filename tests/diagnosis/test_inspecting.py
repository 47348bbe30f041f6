"""Samples, monitor, definitions, causes and metrics brought together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files

import jsonschema
import numpy as np
import pytest

from headwater.diagnosis import diagnose
from headwater.diagnosis.inspecting import ancestry_of, inspect
from headwater.diagnosis.inspection import Context
from headwater.errors import InputError, SampleError
from headwater.graph import InteractionGraph
from headwater.measures.contract import About
from headwater.measures.definitions.scaling import Scaling
from headwater.monitoring.monitor import Monitor
from headwater.samples.values import Sample

SCHEMA = files("headwater.report").joinpath("check.schema.json")


@pytest.fixture
def monitor():
    return Monitor(np.random.default_rng(1).normal(size=(3_000, 2)))


def wrote(*scales, model="a", rows=2_000):
    rng = np.random.default_rng(2)
    return {(model, at): Sample.of(scale * rng.normal(size=(rows, 2))) for at, scale in enumerate(scales)}


def test_nothing_is_remembered_of_a_run_that_fails(monitor):
    """The second sample has other features; a pipeline does not know the model; a generation is negative."""
    inspect(wrote(1.0), monitor)
    before = dict(monitor.histories)
    rng = np.random.default_rng(3)
    bad = {("a", 1): Sample.of(rng.normal(size=(500, 2))), ("b", 0): Sample.of(rng.normal(size=(500, 3)))}
    with pytest.raises(SampleError, match="features"):
        inspect(bad, monitor)
    stranger = diagnose(InteractionGraph.from_flows([("x", "x", 10)]), generations=5)
    with pytest.raises(InputError, match="the pipeline has no model"):
        inspect(wrote(1.0, model="c"), monitor, context=Context(diagnosis=stranger))
    with pytest.raises(SampleError, match="generation -1"):
        inspect({("a", 1): bad["a", 1], ("a", -1): bad["a", 1]}, monitor)
    assert dict(monitor.histories) == before


def test_a_generation_given_again_replaces_no_baseline(monitor):
    """Later generations are compared with what generation 0 was when it was checked first."""
    first = inspect(wrote(1.0, 0.9, 0.5), monitor).models["a"].profile
    worse = {("a", 0): Sample.of(0.1 * np.random.default_rng(4).normal(size=(2_000, 2)))}
    second = inspect(worse, monitor, again=True).models["a"].profile
    assert second["collapsing_variance"] == first["collapsing_variance"]


def test_losses_shown_by_definitions_keep_collapse_from_being_excluded(monitor):
    found = inspect(wrote(1.0, 0.95, 0.9, 0.8, 0.65), monitor, context=Context(ancestry={"": "synthetic"}))
    causes = found.models["a"].causes
    collapse = next(each for each in causes.weighings if each.cause == "collapse")
    assert collapse.support != "against"
    assert any(words.startswith("collapsing variance") for words in collapse.for_)


def test_several_sizes_decide_the_scaling_law(monitor):
    """Real data alone: risk 1 / n. With synthetic data a floor of 0.01 appears."""
    sizes = np.array([100, 300, 1_000, 3_000, 10_000])
    scaling = Scaling.of(sizes, 1 / sizes, 1 / sizes + 0.01, 0.02 / sizes, 0.02 / sizes)
    found = inspect(wrote(1.0, 1.0), monitor, context=Context(scaling={"a": scaling}))
    assert found.models["a"].profile["scaling_law"].holds is True
    assert inspect(wrote(1.0, 1.0, model="b"), monitor).models["b"].profile["scaling_law"].holds is None


@dataclass(frozen=True)
class Broken:
    """A metric that no sample can be measured by."""

    about = About("broken", ("numeric",), "lower", 0, 1, "0")

    def __call__(self, sample, reference):
        raise SampleError("the rows are odd\nand more", "give others")


def test_a_metric_that_cannot_be_computed_loses_nothing_else(monitor):
    found = inspect(wrote(1.0, 0.9), monitor, context=Context(metrics={"broken": Broken()}))
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    jsonschema.validate(document, json.loads(SCHEMA.read_text("utf-8")))
    told = document["models"]["a"]["metrics"]["1"]["broken"]
    assert told == {"value": None, "low": None, "high": None, "why": "the rows are odd"}
    note = "broken cannot be told of generation 0 of 'a': the rows are odd, nor of 1 more"
    assert found.notes.count(note) == 1
    page = str(found)
    assert " ".join(page.split()).count(note) == 1
    assert any(line.split() == ["broken", "–", "0"] for line in page.splitlines())
    del told["why"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json.loads(SCHEMA.read_text("utf-8")))


def test_ancestry_is_read_from_flows():
    graph = InteractionGraph.from_flows(
        [("web", "real", 5), ("real", "taught", 5), ("web", "mixed", 5), ("taught", "mixed", 5)],
        sources=["web"],
    )
    assert ancestry_of(diagnose(graph)) == {"real": "real", "taught": "synthetic", "mixed": "mixed"}


def test_every_kind_of_sample_gives_a_document_as_the_schema_says():
    """Numbers, labels and texts, of which some have nothing to tell."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    rng = np.random.default_rng(5)
    words = np.array([f"w{at}" for at in range(300)])
    kinds = {
        "numeric": lambda: Sample.of(rng.normal(size=(200, 1))),
        "categorical": lambda: Sample.of(rng.choice(words, 200, p=zipf(300)).tolist(), "categorical"),
        "text": lambda: Sample.of([" ".join(rng.choice(words, 12, p=zipf(300))) for _ in range(200)], "text"),
    }
    for draw in kinds.values():
        found = inspect(
            {("m", 0): draw(), ("m", 3): draw(), ("n", 1): draw().take(np.arange(1))}, Monitor(draw())
        )
        jsonschema.validate(json.loads(json.dumps(found.to_dict(), allow_nan=False)), schema)


def zipf(symbols):
    shares = 1 / np.arange(1, symbols + 1)
    return shares / shares.sum()


def test_arrays_and_what_was_gathered_are_samples_too(monitor, tmp_path):
    """The same rows give the same numbers however they come."""
    from headwater.samples.reading import gather

    rows = np.random.default_rng(6).normal(size=(500, 2))
    np.save(tmp_path / "a-0.npy", rows)
    gathered = inspect(gather(tmp_path / "a-0.npy"), monitor).models["a"].checks[0]
    plain = inspect({("b", 0): rows}, monitor).models["b"].checks[0]
    assert gathered.rows == plain.rows == 500
    spread = [each.effects["spread"].value for each in (gathered, plain)]
    assert spread[0] == pytest.approx(spread[1])


def test_what_a_user_noted_is_left_alone(monitor):
    monitor.check(0, np.random.default_rng(7).normal(size=(500, 2)), model="mine")
    monitor.note(0, {"loss": 1.5}, model="mine")
    found = inspect(wrote(1.0), monitor)
    assert set(found.models) == {"a"}
    assert monitor.readings("mine")[0] == {"loss": 1.5}


def test_an_alarm_that_goes_on_says_since_when(monitor):
    """One generation a run: the alarm of the last run began two runs before."""
    for generation, scale in enumerate((1.0, 0.5, 0.5, 0.5)):
        rows = scale * np.random.default_rng(8 + generation).normal(size=(2_000, 2))
        found = inspect({("a", generation): rows}, monitor)
    alarm = next(each for each in found.to_dict()["alarms"] if each["metric"] == "spread")
    assert (alarm["generation"], alarm["since"]) == (3, 1)
    assert "generation 3, since 1: spread" in str(found)


def test_diversity_of_one_history_is_given_the_scatter_of_histories():
    """A lone loop of 100 with two labels, .9 and .1: four intervals in five have to hold the law's mean.

    The interval of the sample alone holds it far less often: histories differ by the draw of the loop.
    """
    from headwater.diagnosis.measured import quantities
    from headwater.measures.readings import read
    from headwater.measures.text.diversity import GiniSimpson

    rng = np.random.default_rng(11)
    law = diagnose(InteractionGraph.from_flows([("a", "a", 100)]), generations=6)
    predicted = 0.99**7
    real = Sample.of(rng.choice(["x", "y"], 20_000, p=[0.9, 0.1]).tolist(), "categorical")
    frame = Monitor(real, metrics=("matches",)).frame
    held = alone = 0
    for _ in range(60):
        share = 0.1
        for _ in range(7):
            share = rng.binomial(100, share) / 100
        sample = Sample.of(rng.choice(["x", "y"], 2_000, p=[1 - share, share]).tolist(), "categorical")
        _, low, high = quantities(sample, real, read(frame, sample), ("a", 6), law)["diversity retained"]
        bare = GiniSimpson()(sample, real)
        held += low <= predicted <= high
        alone += bare.low <= predicted <= bare.high
    assert held >= 48
    assert alone < 30


def test_what_generation_0_lacked_already_is_no_loss(monitor):
    """A model without one tail from the start, and the same model a generation later."""
    rng = np.random.default_rng(12)
    rows = rng.normal(size=(16_000, 2))
    rows = rows[rows[:, 0] < 1.5]
    found = inspect({("m", 0): rows[:6_000], ("m", 1): rows[6_000:12_000]}, monitor).models["m"]
    assert found.profile["tails"].holds
    collapse = next(each for each in found.causes.weighings if each.cause == "collapse")
    assert not any("tail data" in words for words in collapse.for_)
