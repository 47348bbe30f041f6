"""The quick part of the verification matrix holds, and the matrix leaves no law and no family out."""

from __future__ import annotations

import typing
from importlib import import_module

import numpy as np
import pytest

from headwater.families.registry import HOMES
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from headwater.simulation import Executor
from headwater.theory.laws import LAWS
from verification import exact, graphs
from verification.claims import chance
from verification.matrix import Judged, Table, judge, matrix
from verification.page import page

REGIMES = {Replace(), Window(3), Accumulate(), AccumulateSubsample()}


@pytest.fixture(scope="module")
def table():
    """About 15 seconds."""
    claims = matrix(quick=True)
    found = judge(range(len(claims)), True, 1, Executor())
    return Table(tuple(sorted(found, key=lambda judged: judged.number)))


def test_everything_in_the_quick_part_is_as_it_should_be(table):
    """The whole table fails with a chance of 1e-3 over seeds; the seed is fixed."""
    assert [(finding.sentence, finding.place) for finding in table.wrong] == []
    assert table.too_small > 1e-3
    assert table.right


def test_every_family_has_its_negative_control(table):
    refused = [finding.sentence for finding in table.findings if finding.wrong]
    for subject in exact.subjects():
        assert sum(sentence.startswith(subject.words) for sentence in refused) >= len(REGIMES)
    assert any("features" in sentence for sentence in refused)


def test_the_page_has_a_row_for_every_finding(table):
    text = page(table)
    assert text.count("\n| ") == len(table.findings) + text.count("| claim |")
    assert "**Outcome: Everything is as it should be**" in text
    assert text.startswith("# Verification\n")


def test_a_table_with_one_wrong_row_says_so(table):
    """A negative control that is passed off as right."""
    judged = table.claims[0]
    found = [finding for finding in judged.findings if finding.wrong]
    pretended = type(found[0])(**{**vars(found[0]), "wrong": False})
    spoilt = Table((*table.claims[1:], Judged(0, (pretended,), 0.0)))
    assert not spoilt.right
    assert [finding.outcome(spoilt.threshold) for finding in spoilt.wrong] == ["REFUSED"]
    assert "1 row NOT as it should be" in page(spoilt)


@pytest.mark.parametrize("quick", [True, False])
def test_every_family_with_a_law_is_in_the_matrix_under_every_regime_that_the_law_knows(quick):
    """A family says by the type of `law` that it has none; a new one cannot be forgotten."""
    played: dict[str, set] = {}
    for claim in matrix(quick):
        for setting in claim.settings:
            played.setdefault(setting.family.name, set()).add(setting.regime)
    for public, home in HOMES.items():
        family = getattr(import_module(home), public)
        if not hasattr(family, "name") or not hasattr(family, "law") or family.__name__ == "Family":
            continue
        if typing.get_type_hints(family.law)["return"] is type(None):
            continue
        wanted = {Replace()} if family.name == "least-squares" else REGIMES
        assert wanted <= played[family.name], public


def test_every_law_is_held_to_its_family():
    held = {
        setting.family.law().name for claim in matrix() for setting in claim.settings if setting.family.law()
    }
    assert set(LAWS) - {"asymptotic"} <= held


def test_the_gallery_has_a_graph_of_each_kind():
    gallery = graphs.gallery(1)
    assert any(graph.frozen.any() for graph in gallery.values())
    assert any(graph.fixed.any() for graph in gallery.values())
    assert any((graph.weight != 1).any() for graph in gallery.values())
    assert all(8 <= np.bincount(graph.learner, graph.samples).max() <= 20 for graph in gallery.values())


def test_sentences_are_different():
    """A claim's draws follow from its first sentence."""
    firsts = [(claim.section, claim.tests[0].sentence) for claim in matrix()]
    assert len(set(firsts)) == len(firsts)


# -- judging ---------------------------------------------------------------------------------------


def normal(mean: float, replicates: int = 10_000):
    return np.random.default_rng(3).normal(mean, 1.0, (replicates, 1))


@pytest.mark.parametrize(
    ("how", "margin", "right", "wrong"),
    [
        ("equal", 0.0, 0.0, 0.1),
        ("equal", 0.5, 0.5, 0.6),
        ("at most", 0.0, -9.0, 0.1),
        ("at least", 0.0, 9.0, -0.1),
    ],
)
def test_what_may_be_refused_is_refused_where_it_is_wrong(how, margin, right, wrong):
    """Standard error 0.01: a tenth is ten of them."""
    zero = np.zeros(1)
    assert chance(normal(right), zero, how, margin)[0] > 1e-3
    assert chance(normal(wrong), zero, how, margin)[0] < 1e-6


@pytest.mark.parametrize(
    ("how", "margin", "right", "wrong"),
    [("near", 0.5, 0.4, 0.5), ("near", 0.5, -0.4, -0.6), ("above", 0.0, 0.1, 0.0), ("below", 0.0, -0.1, 0.0)],
)
def test_what_must_be_shown_is_shown_where_it_is_so(how, margin, right, wrong):
    zero = np.zeros(1)
    assert chance(normal(right), zero, how, margin)[0] < 1e-6
    assert chance(normal(wrong), zero, how, margin)[0] > 1e-3


def test_one_cell_that_is_not_shown_is_enough():
    samples = np.random.default_rng(4).normal((0.0, 0.45), 1.0, (1000, 2))
    p_value, _, cell = chance(samples, np.zeros(2), "near", 0.5)
    assert p_value > 1e-3
    assert cell == 1


def test_rare_events_that_few_replicates_carry_are_not_judged():
    """Four in 10,000: neither refused nor shown."""
    samples = np.zeros((10_000, 1))
    samples[:4] = 1
    for how in ("equal", "near", "below"):
        p_value, found, _ = chance(samples, np.full(1, 0.1), how, 0.05)
        assert p_value == 1.0
        assert not found.judged.any()
