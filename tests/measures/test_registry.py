"""Every registered metric keeps the contract: this suite is also for metrics of other packages."""

from __future__ import annotations

import dataclasses
import math
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from headwater.errors import SampleError
from headwater.measures import registry
from headwater.measures.contract import About, Estimate, Metric
from headwater.samples.values import Sample
from tests.measures.text.worlds import labels, texts

ROWS = 400
KINDS = ("numeric", "categorical", "text")
SURE = 1 - 1e-6
PURE_NUMBERS = {
    "moments": 0,
    "variance-ratio": 1,
    "effective-dimension": 1,
    "energy": 0,
    "mmd": 0,
    "sliced-wasserstein": 0,
    "frechet": 0,
    "two-sample-classifier": 0.5,
    "density": 1,
    "vendi": 1,
    "modes": 1,
    "tail-mass": 1,
    "tail-coverage": 1,
    "distinct": 1,
    "type-token": 1,
    "compression": 1,
    "gini-simpson": 1,
    "entropy": 0,
    "zipf": 0,
    "repetition": 0,
    "self-bleu": 0,
    "perplexity": 0,
}
AS_REAL = {"precision", "recall", "coverage", "tail-sample"}
"""Healthy is what another real sample has, and depends on sizes."""


def draw(kind: str, seed: int) -> Sample:
    """One law a kind; every seed is healthy beside every other."""
    rng = np.random.default_rng(seed)
    if kind == "numeric":
        centre = 4.0 * rng.integers(2, size=(ROWS, 1))
        return Sample.of(rng.normal(size=(ROWS, 3)) + centre)
    return (labels if kind == "categorical" else texts)(rng, ROWS)


def kind_of(metric: Metric) -> str:
    return metric.about.kinds[0]


each_metric = pytest.mark.parametrize("name", list(registry.HOMES))


@each_metric
def test_a_metric_says_what_it_is(name):
    """Name, direction, range and what healthy is, on a documented frozen dataclass with defaults."""
    metric = registry.make(name)
    about = metric.about
    assert isinstance(metric, Metric) and isinstance(about, About)
    assert about.name == name and set(about.kinds) <= set(KINDS) and about.kinds
    assert about.better in ("higher", "lower", "reference")
    assert about.lowest < about.highest and about.healthy
    written = type(metric).__doc__ or ""
    assert len(written.splitlines()) > 3 and not written.startswith(f"{type(metric).__name__}(")
    with pytest.raises(dataclasses.FrozenInstanceError):
        metric.level = 0.5


@each_metric
def test_a_healthy_sample_measures_healthy(name):
    """An interval that may miss once in a million holds the healthy value; it meets the metric's range."""
    metric = registry.make(name, level=SURE)
    kind = kind_of(metric)
    found = metric(draw(kind, 1), draw(kind, 2))
    assert isinstance(found, Estimate) and found.level == SURE and found.how
    assert found.low <= found.value <= found.high
    assert found.low <= metric.about.highest and found.high >= metric.about.lowest
    for value, low, high in found.parts.values():
        assert math.isnan(low) or low <= value <= high
    if name in AS_REAL:
        again = metric(draw(kind, 3), draw(kind, 2))
        assert found.low <= again.high and again.low <= found.high
    else:
        assert found.low <= PURE_NUMBERS[name] <= found.high
    assert found.p_value is None or found.p_value > 1e-6


@each_metric
def test_a_metric_repeats_itself(name):
    """Same samples, same hyperparameters, same estimate to the last bit."""
    metric, kind = registry.make(name), kind_of(registry.make(name))
    sample, reference = draw(kind, 1), draw(kind, 2)
    assert repr(metric(sample, reference)) == repr(registry.make(name)(sample, reference))


@each_metric
def test_a_metric_refuses_what_it_cannot_compare(name):
    """A sample of a kind not its own, or of another kind than the reference."""
    metric = registry.make(name)
    own = draw(kind_of(metric), 1)
    others = [kind for kind in KINDS if kind != kind_of(metric)]
    with pytest.raises(SampleError):
        metric(own, draw(others[0], 1))
    for kind in set(KINDS) - set(metric.about.kinds):
        with pytest.raises(SampleError, match="it takes"):
            metric(draw(kind, 1), draw(kind, 2))


@each_metric
@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_that_is_no_confidence_is_refused(name, level):
    with pytest.raises(SampleError):
        registry.make(name, level=level)


def test_an_unknown_metric_is_named_with_its_nearest():
    with pytest.raises(SampleError, match="did you mean 'energy'"):
        registry.make("enregy")


def test_an_unknown_hyperparameter_is_named_with_its_nearest():
    with pytest.raises(SampleError, match="did you mean 'resamples'"):
        registry.make("energy", resample=3)


def test_hyperparameters_reach_the_metric():
    assert registry.make("energy", most=77).most == 77


@pytest.mark.parametrize("kind", KINDS)
def test_the_defaults_of_a_kind_take_that_kind(kind):
    assert set(registry.default_names(kind)) <= set(registry.names(kind))
    assert set(registry.names(kind)) <= set(registry.names())


def test_an_unknown_kind_has_no_defaults():
    with pytest.raises(SampleError, match="known: categorical, numeric, text"):
        registry.default_names("image")


def test_another_package_may_add_a_metric(monkeypatch):
    """It is listed after the house's own, loaded on use, and cannot take the name of one of them."""
    home = "headwater.measures.numeric.energy:Energy"
    points = [EntryPoint(name, home, registry.GROUP) for name in ("mine", "mmd")]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    assert registry.names() == [*registry.HOMES, "mine"]
    assert registry.make("mine", most=50).most == 50
    assert registry.make("mmd").about.name == "mmd"
