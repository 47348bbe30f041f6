"""Risks at many settings at once: as the recursion is written, and convex where sums are let loose."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.planning.sensitivity.counted import Counted, Effort, Loosened
from tests.planning.allocation.naive import seeds
from tests.planning.sensitivity.graphs import grid_of, inflation_of, loop, small

TIMES = (None, 1, 2, 7, 20)


def everything(graph, generations, effort=None):
    return Counted.of(graph, np.ones(len(graph.model_names), dtype=bool), generations, effort)


@pytest.mark.parametrize("seed", seeds(0, 3, 6))
@pytest.mark.parametrize("generations", TIMES)
def test_risks_at_many_settings_are_those_of_the_recursion(seed, generations):
    """Frozen models, archives, given starts and weights included."""
    graph = small(np.random.default_rng(seed), weighted=seed % 2 == 1)
    counted = everything(graph.with_samples_at("middle"), generations)
    settings = grid_of(graph, 2)
    chosen = settings[:, counted.flows.number]
    mass, budget = counted.mass(chosen), counted.budget(chosen)
    inflation = counted.risks(chosen, mass, budget) / counted.start(budget)
    expected = np.array([inflation_of(graph, each, generations) for each in settings])
    np.testing.assert_allclose(inflation, expected[:, counted.flows.system.trained], rtol=1e-10)


@pytest.mark.parametrize("generations", TIMES)
def test_loosened_moments_are_those_of_the_table(generations):
    """Sums that are not those of the samples mean the same one by one and in a table."""
    graph = small(np.random.default_rng(3)).with_samples_at("middle")
    counted = everything(graph, generations)
    samples = counted.flows.samples[None]
    mass, budget = counted.mass(samples) * 1.1, counted.budget(samples) * 0.8
    table = counted.risks(samples, mass, budget)[0]
    np.testing.assert_allclose(
        counted.loosened(samples[0], mass[0], budget[0]).risk[: len(table)], table, rtol=1e-9
    )


@pytest.mark.parametrize("seed", seeds(0, 3, 8))
@pytest.mark.parametrize("generations", [None, 1, 9])
def test_loosened_risk_is_convex_and_rises(seed, generations):
    """Along any line of logarithms of counts and of one over the sums: what all bounds rest on."""
    rng = np.random.default_rng(seed)
    graph = small(rng, weighted=seed % 2 == 1).with_samples_at("middle")
    counted = everything(graph, generations)
    samples = counted.flows.samples[None] * np.exp(0.05 * rng.normal(size=len(counted.flows.samples)))
    samples = np.minimum(samples, counted.flows.archive_size)
    mass, budget = counted.mass(samples) * 1.2, counted.budget(samples)
    way = [-0.1 * rng.random(each.shape) for each in (samples, mass, budget)]
    steps = np.array([0.0, 0.5, 1.0])[:, None]
    line = [each * np.exp(steps * along) for each, along in zip((samples, mass, budget), way, strict=True)]
    at = np.log(counted.risks(*line))
    assert (at[0] + at[2] - 2 * at[1] >= -1e-9).all()
    rising = np.log(counted.risks(samples * np.exp(-way[0]).clip(1, 1.0), mass * np.exp(way[1]), budget))
    assert (rising >= np.log(counted.risks(samples, mass, budget)) - 1e-9).all()


def test_a_transition_that_loses_nothing_has_no_limit():
    """Infinite, and the settings beside it are still right."""
    counted = everything(loop(), None)
    samples = np.repeat(counted.flows.samples[None], 3, axis=0)
    mass = np.array([[1000.0], [900.0], [700.0]])
    risks = counted.risks(samples, mass, counted.budget(samples))[:, 0]
    assert risks[0] == pytest.approx(1e-3 / (1 - 0.81))
    assert np.isinf(risks[1:]).all()


def test_tables_are_computed_once():
    """The effort is spent on the first call alone."""
    effort = Effort(1e9)
    counted = everything(loop(), None, effort)
    samples = np.repeat(counted.flows.samples[None], 32, axis=0)
    sums = counted.mass(samples), counted.budget(samples)
    first = counted.risks(samples, *sums)
    left = effort.left
    assert left < 1e9
    np.testing.assert_array_equal(counted.risks(samples, *sums), first)
    assert effort.left == left


def test_loosened_flows_keep_everything_else():
    """Only counts and sums differ."""
    flows = everything(loop(), None).flows
    other = Loosened.like(flows, flows.samples, np.array([500.0]), np.array([400.0]))
    np.testing.assert_allclose(other.share, flows.samples / 500)
    assert other.start_risk[0] == pytest.approx(1 / 400)
