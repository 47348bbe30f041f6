"""Simulated worlds in which exactly one definition holds, and healthy ones in which none does."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binom

from headwater.errors import SampleError
from headwater.measures.definitions.profile import profile
from headwater.measures.definitions.scaling import Scaling
from headwater.measures.definitions.values import DEFINITIONS, Thresholds
from headwater.measures.frame import fit_frame
from headwater.measures.readings import common_items, healthy, read, read_all
from headwater.samples.values import Sample
from tests.measures.definitions import worlds

ROWS = 20_000


def judged(real: worlds.World, model: worlds.World, seed: int, rows: int = ROWS, **said):
    """The profile of two generations, the first of real rows."""
    rng = np.random.default_rng(seed)
    frame = fit_frame(Sample.of(real(rng, 3 * rows)), seed=seed, most=3 * rows)
    samples = {0: Sample.of(real(rng, rows)), 1: Sample.of(model(rng, rows))}
    return profile(read_all(frame, samples), healthy(frame), **said)


@pytest.mark.parametrize(
    ("real", "model", "expected", "stage"),
    [
        (worlds.modes, worlds.modes, (), "none"),
        (worlds.modes, worlds.uneven, ("any_risk_increase",), "none"),
        (worlds.far_off, worlds.half_as_far, ("collapsing_variance",), "late"),
        (worlds.modes, worlds.without_the_middle, ("modes",), "late"),
        (worlds.modes, worlds.without_tails, ("tails",), "early"),
        (worlds.modes, worlds.with_inventions, ("hallucination",), "none"),
        # a catastrophic rise is a rise
        (worlds.corners, worlds.one_corner, ("catastrophic_risk", "any_risk_increase"), "late"),
    ],
)
def test_exactly_the_definition_holds_whose_world_it_is(real, model, expected, stage):
    """Each loses or gains one thing: its own definition holds, and no other does."""
    found = judged(real, model, seed=1)
    assert found.holding == expected
    assert found.stage == stage


def test_only_the_scaling_law_changes_where_risk_is_as_before_at_the_size_in_use():
    """A floor shows at sizes beyond the one that generations are trained at."""
    sizes = np.geomspace(100, 1e6, 9)
    real = 3 * sizes**-0.5
    floor = 0.01
    law = Scaling.of(sizes, real, real + floor, 0.02 * real, 0.02 * (real + floor))
    assert judged(worlds.modes, worlds.modes, 3, scaling=law).holding == ("scaling_law",)


def test_risk_that_grows_is_diverging_long_before_it_is_catastrophic():
    """Divergence is a rise: with the third definition comes the second, and no other yet."""
    rng = np.random.default_rng(4)
    frame = fit_frame(Sample.of(worlds.modes(rng, 3 * ROWS)), seed=4, most=3 * ROWS)
    samples = {}
    for generation in range(20):
        shift = 0.12 * generation / 19
        weights = (0.35 + shift, 0.35 - shift, 0.25, 0.05)
        samples[generation] = Sample.of(worlds.modes(rng, 4000, weights))
    found = profile(read_all(frame, samples), healthy(frame))
    assert found.holding == ("any_risk_increase", "diverging_risk")


def test_a_long_healthy_history_has_no_definition_that_holds():
    rng = np.random.default_rng(5)
    frame = fit_frame(Sample.of(worlds.modes(rng, ROWS)), seed=5)
    samples = {each: Sample.of(worlds.modes(rng, 5000)) for each in range(12)}
    found = profile(read_all(frame, samples), healthy(frame))
    assert [finding.holds for finding in found.findings] == [False] * 4 + [None] + [False] * 3
    assert found.stage == "none"


WORLDS = 90


def small_worlds():
    """Readings of small healthy samples, thirty for each of three frames."""
    for seed in range(3):
        rng = np.random.default_rng(100 + seed)
        frame = fit_frame(Sample.of(worlds.modes(rng, 1000)), seed=seed)
        real = healthy(frame)
        for _ in range(WORLDS // 3):
            yield {each: read(frame, Sample.of(worlds.modes(rng, 300))) for each in (0, 1)}, real


def test_small_healthy_worlds_hold_no_definition_in_more_than_one_in_twenty():
    """And a twin that looks at numbers without their intervals is caught by the same draws."""
    wrong = greedy = 0
    bars = Thresholds()
    for readings, real in small_worlds():
        found = profile(readings, real)
        wrong += bool(found.holding)
        tails = [part[0] for part in found["tails"].parts.values()]
        greedy += min(tails) < bars.tail or found["any_risk_increase"].value > bars.any_increase
    assert wrong <= binom.isf(1e-6, WORLDS, 0.05)
    assert greedy > binom.isf(1e-6, WORLDS, 0.05)


def labels(rng, rows: int, chances) -> Sample:
    return Sample.of(
        [f"a{each:02}" for each in rng.choice(len(chances), rows, p=chances)], kind="categorical"
    )


def test_labels_lose_their_tail_first():
    """The rarest labels that make up a twentieth are gone; the frequent ones and diversity are not."""
    rng = np.random.default_rng(6)
    chances = np.array([0.3, 0.3, 0.2, 0.16] + [0.002] * 20)
    cut = np.where(chances < 0.01, 0, chances)
    frame = fit_frame(labels(rng, 10_000, chances))
    samples = {0: labels(rng, 10_000, chances), 1: labels(rng, 10_000, cut / cut.sum())}
    found = profile(read_all(frame, samples), healthy(frame))
    assert found.stage == "early"
    assert found.holding == ("any_risk_increase", "tails")
    assert found["any_risk_increase"].units == "bits an item"


def test_labels_that_vanish_one_by_one_are_an_early_loss_though_rare_ones_keep_their_mass():
    """Drawn again and again from their own shares: each share is a martingale, and A is about 2n/(T+2).

    In ten histories of eight generations; healthy twins of the same sizes hold no definition.
    """
    chances = 1 / np.arange(1, 1001) ** 1.1
    chances /= chances.sum()
    lost, sound = 0, 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        frame = fit_frame(labels(rng, 4000, chances), seed=seed)
        shares = chances
        for _ in range(8):
            shares = rng.multinomial(2000, shares) / 2000
        start, same, end = (labels(rng, 2000, each) for each in (chances, chances, shares))
        real = healthy(frame, common_items(frame, {0: start, 1: end}))
        found = profile(read_all(frame, {0: start, 1: end}), real)
        lost += found["tails"].holds is True and found["tails"].part == "tail sample"
        sound += profile(read_all(frame, {0: start, 1: same}), real).holding == ()
    assert min(lost, sound) >= binom.ppf(1e-6, 10, 0.95)


def test_labels_end_up_alike():
    rng = np.random.default_rng(7)
    chances, stuck = np.full(10, 0.1), np.array([0.91] + [0.01] * 9)
    frame = fit_frame(labels(rng, 5000, chances))
    samples = {0: labels(rng, 5000, chances), 1: labels(rng, 5000, stuck)}
    found = profile(read_all(frame, samples), healthy(frame))
    assert found.stage == "late"
    assert {"catastrophic_risk", "collapsing_variance", "modes"} <= set(found.holding)


def texts(rng, rows: int, chances) -> Sample:
    words = np.array([f"w{each}" for each in range(len(chances))])
    return Sample.of([" ".join(rng.choice(words, 20, p=chances)) for _ in range(rows)], kind="text")


def test_texts_lose_rare_words_first():
    rng = np.random.default_rng(8)
    chances = np.concatenate([np.full(20, 0.047), np.full(60, 0.001)])
    cut = np.where(chances < 0.01, chances / 20, chances)
    frame = fit_frame(texts(rng, 800, chances))
    samples = {0: texts(rng, 600, chances), 1: texts(rng, 600, cut / cut.sum())}
    found = profile(read_all(frame, samples), healthy(frame))
    assert found.stage == "early"
    assert found["tails"].holds
    assert found["modes"].holds is None


def test_without_a_generation_0_real_data_are_the_baseline():
    rng = np.random.default_rng(9)
    frame = fit_frame(Sample.of(worlds.modes(rng, 4000)))
    samples = {3: Sample.of(worlds.uneven(rng, 4000))}
    found = profile(read_all(frame, samples), healthy(frame))
    assert found.baseline.startswith("real data")
    assert found.generation == 3
    assert found["any_risk_increase"].value > 0
    assert "real data" in found["any_risk_increase"].assumption


def test_risks_of_unequally_many_words_are_not_compared():
    rng = np.random.default_rng(10)
    chances = np.full(30, 1 / 30)
    frame = fit_frame(texts(rng, 300, chances))
    samples = {0: texts(rng, 200, chances), 1: texts(rng, 90, chances)}
    apart = {each: read(frame, sample) for each, sample in samples.items()}
    found = profile(apart, healthy(frame))
    assert [found[name].holds for name in ("catastrophic_risk", "any_risk_increase")] == [None, None]
    assert "items=1800" in found["any_risk_increase"].why
    items = common_items(frame, samples)
    together = profile(read_all(frame, samples), healthy(frame, items))
    assert together["any_risk_increase"].holds is False or together["any_risk_increase"].needed


def test_few_rows_cannot_tell_and_say_how_many_would():
    few = judged(worlds.modes, worlds.uneven, 11, rows=400)["any_risk_increase"]
    assert few.holds is None
    assert few.needed > 400
    assert few.needed_of.startswith("rows a generation")


def test_a_profile_goes_into_json_without_nan():
    found = judged(worlds.modes, worlds.without_tails, 12, rows=2000)
    made = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert made["stage"] == found.stage
    assert list(made["definitions"]) == list(DEFINITIONS)
    assert made["definitions"]["tails"]["holds"] is True
    assert set(made["definitions"]["tails"]["parts"]) == set(found["tails"].parts)


def test_readings_of_different_frames_are_refused():
    rng = np.random.default_rng(13)
    one = fit_frame(Sample.of(worlds.modes(rng, 1000)))
    other = fit_frame(Sample.of(worlds.modes(rng, 1000)), names=("tails",))
    with pytest.raises(SampleError, match="other scores"):
        profile({0: read(other, one.reference)}, healthy(one))
    with pytest.raises(SampleError, match="no readings"):
        profile({}, healthy(one))


class TestMisfit:
    """A model that never had a tail or a mode has not lost it to a loop."""

    def test_a_tail_that_generation_0_lacks_holds_from_the_start_and_is_no_stage(self):
        rng = np.random.default_rng(8)
        frame = fit_frame(Sample.of(rng.normal(size=(40_000, 2))), seed=1, most=40_000)

        def bounded():
            rows = rng.normal(size=(40_000, 2))
            return Sample.of(rows[rows[:, 0] < 1.5][:20_000])

        found = profile(read_all(frame, {0: bounded(), 1: bounded()}), healthy(frame))
        assert found["tails"].holds
        assert found["tails"].from_start
        assert "x0 high" in found["tails"].part
        assert found.stage == "none"

    def test_a_tail_that_goes_later_is_early_collapse_all_the_same(self):
        rng = np.random.default_rng(8)
        frame = fit_frame(Sample.of(rng.normal(size=(8_000, 2))), seed=1)
        rows = rng.normal(size=(40_000, 2))
        start = rows[rows[:, 0] < 1.5]
        end = start[start[:, 1] < 1.5]
        samples = {0: Sample.of(start[:6_000]), 1: Sample.of(end[:6_000])}
        found = profile(read_all(frame, samples), healthy(frame))
        assert not found["tails"].from_start
        assert "x1 high" in found["tails"].part
        assert found.stage == "early"

    def test_generation_0_alone_has_no_stage(self):
        rng = np.random.default_rng(9)
        frame = fit_frame(Sample.of(rng.normal(size=(4_000, 2))), seed=1)
        found = profile({0: read(frame, Sample.of(0.1 * rng.normal(size=(4_000, 2))))}, healthy(frame))
        assert found["collapsing_variance"].holds
        assert found.stage is None
        assert "never learned" in found.why


def test_a_variance_that_one_row_carries_cannot_be_told():
    """One far row among normal ones: where tails are that heavy a normal interval is far too short."""
    rng = np.random.default_rng(10)
    frame = fit_frame(Sample.of(rng.normal(size=(1_000, 1))))
    rows = rng.normal(size=(1_000, 1))
    rows[0] = 40.0
    found = profile(
        read_all(frame, {0: Sample.of(rng.normal(size=(1_000, 1))), 1: Sample.of(rows)}), healthy(frame)
    )
    assert found["collapsing_variance"].holds is None
    assert "one row carries" in found["collapsing_variance"].why
    assert found["collapsing_variance"].needed > 1_000
