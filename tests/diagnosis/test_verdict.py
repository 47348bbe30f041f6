"""Every verdict, reached by an example small enough to work out on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headwater.diagnosis import diagnose
from headwater.graph import Model
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from headwater.theory import laws
from tests.diagnosis.gallery import GRAPHS, flows, lone, mixed, spoiled

# -- asymptotic, replace ----------------------------------------------------------------------------


def test_a_lone_loop_collapses_by_one_a_generation():
    """Each generation of 100 adds 1/100 to a start of 1/100: inflation 1 + t, without limit."""
    entry = diagnose(lone(100), generations=12).of("a")
    assert (entry["verdict"], entry["grounding"], entry["growth"]) == ("collapses", "ungrounded", "linear")
    np.testing.assert_allclose(entry["inflation"], 1 + np.arange(13), rtol=1e-12)
    assert entry["risk"][0] == pytest.approx(1 / 100)
    assert entry["inflation_limit"] is entry["vs_isolated"] is entry["depth"] is None
    assert entry["real_share"] == 0


def test_a_loop_takes_those_who_hear_it_with_it():
    """`b` has 90 real samples in 100 and hears a tenth of `a`: it grows by .1² of 1/50 a generation."""
    diagnosis = diagnose(spoiled(), generations=40)
    assert diagnosis.verdict == "collapses"
    entry = diagnosis.of("b")
    assert (entry["verdict"], entry["grounding"], entry["growth"]) == ("collapses", "ungrounded", "linear")
    assert entry["risk"][-1] - entry["risk"][-2] == pytest.approx(0.1**2 / 50)


@pytest.mark.parametrize(("real", "synthetic"), [(50, 50), (10, 90), (25, 75), (1, 99)])
def test_a_mixed_loop_degrades_to_a_known_limit(real, synthetic):
    """G = s²G + 1/N with s = m/N settles at 1/(1 - s²) of 1/N; over the real data alone, at 1/(2 - w)."""
    entry = diagnose(mixed(real, synthetic)).of("a")
    share = synthetic / (real + synthetic)
    assert (entry["verdict"], entry["grounding"], entry["growth"]) == ("degrades", "grounded", "bounded")
    assert entry["inflation_limit"] == pytest.approx(1 / (1 - share**2))
    assert entry["vs_isolated"] == pytest.approx(1 / (1 + share))


@pytest.mark.parametrize("weight", [0.25, 1.0, 4.0])
def test_loss_weights_have_their_own_limit(weight):
    """[w² + k(1-w)²]/[w(2-w)] over 30 real samples alone, with w the weighted share and k = 30/60."""
    entry = diagnose(mixed(30, 60, weight=weight)).of("a")
    w, k = 30 * weight / (30 * weight + 60), 30 / 60
    over_real_alone = (w**2 + k * (1 - w) ** 2) / (w * (2 - w))
    assert entry["vs_isolated"] == pytest.approx(over_real_alone)
    assert entry["inflation_limit"] == pytest.approx(over_real_alone / 30 * 90)  # generation 0: 90 real


def test_a_loop_improves_on_a_poor_start():
    """50 real of 100 settles at (1/100)(4/3) = 1/75; a start of 50 real samples had 1/50: two thirds."""
    entry = diagnose(mixed(50, 50, initial=50)).of("a")
    assert entry["verdict"] == "improves"
    assert entry["inflation_limit"] == pytest.approx(2 / 3)
    assert entry["vs_isolated"] == pytest.approx(2 / 3)


def test_real_data_alone_are_stable():
    """Fitted anew on 50 fresh samples each generation: 1/50 for ever, the same as alone."""
    entry = diagnose(flows(("web", "a", 50)), generations=5).of("a")
    assert entry["verdict"] == "stable"
    assert entry["inflation"] == pytest.approx([1.0] * 6)
    assert entry["inflation_limit"] == entry["vs_isolated"] == pytest.approx(1)
    assert entry["diversity_retained"] == pytest.approx([1 - 1 / 50] * 6)


@pytest.mark.parametrize(
    ("graph", "verdict"),
    [
        (mixed(80, 20), "stable"),  # 1/(1 - .2²) = 1.042
        (mixed(75, 25), "degrades"),  # 1/(1 - .25²) = 1.067
        (flows(("web", "a", 100), models=[Model("a", initial={"web": 96})]), "stable"),  # .96
        (flows(("web", "a", 100), models=[Model("a", initial={"web": 94})]), "improves"),  # .94
    ],
)
def test_thresholds_are_five_in_a_hundred(graph, verdict):
    """Either side of 1.05 and of 0.95."""
    assert diagnose(graph).verdict == verdict


def test_a_missing_count_leaves_a_bounded_loop_bounded():
    """Real data enter: it cannot collapse. How far it falls hangs on the count."""
    graph = flows(("web", "a"), ("a", "a", 50))
    diagnosis = diagnose(graph)
    entry = diagnosis.of("a")
    assert (entry["verdict"], entry["grounding"]) == ("bounded", "grounded")
    assert entry["risk"] is entry["inflation"] is entry["inflation_limit"] is entry["tail_sample"] is None
    assert [(item.what, item.place) for item in diagnosis.missing] == [("samples", "flow 'web' -> 'a'")]


def test_a_missing_count_does_not_save_a_closed_loop():
    """The condition needs no counts."""
    diagnosis = diagnose(GRAPHS["unknown counts"])
    assert [diagnosis.of(name)["verdict"] for name in "abcde"] == [
        "collapses",
        "collapses",
        "bounded",
        "bounded",
        "stable",
    ]


def test_an_assumed_count_fills_the_gap_and_is_confessed():
    """50 for each unknown count: an even mix, 4/3."""
    diagnosis = diagnose(flows(("web", "a"), ("a", "a", 50)), assume_samples=50)
    assert diagnosis.of("a")["inflation_limit"] == pytest.approx(4 / 3)
    assert diagnosis.missing == ()
    assert any("50" in said and "unknown" in said for said in diagnosis.assumptions)


def test_nothing_is_confessed_that_was_not_assumed():
    """Every count is known: the stand-in stood in for nothing."""
    assert not any("samples:" in said for said in diagnose(mixed(9, 9), assume_samples=50).assumptions)


def test_no_model_is_no_improvement():
    """An empty pipeline has nothing that could be better than it was."""
    assert diagnose(GRAPHS["no models"]).verdict == "stable"


def test_frozen_models_stay_what_they_were():
    """Fitted once: 1/50, and the archive's own 1/100."""
    diagnosis = diagnose(GRAPHS["only frozen"], generations=3)
    for name, samples in (("y", 50), ("z", 100)):
        entry = diagnosis.of(name)
        assert (entry["verdict"], entry["grounding"]) == ("stable", "anchored")
        assert entry["risk"] == pytest.approx([1 / samples] * 4)


def test_a_frozen_model_anchors():
    """100 samples of a model with error 1/40, and no others: 1/40 + 1/100, from 1/100."""
    graph = flows(("old", "a", 100), models=[Model("old", frozen=True, initial={"web": 40})])
    entry = diagnose(graph).of("a")
    assert (entry["verdict"], entry["grounding"]) == ("degrades", "anchored")
    assert entry["inflation_limit"] == pytest.approx(1 + 100 / 40)


# -- other regimes ------------------------------------------------------------------------------------


def test_accumulating_bounds_a_lone_loop():
    """1 + 1/4 + 1/9 + ... of the start, which is pi²/6: worse, and not a collapse."""
    entry = diagnose(lone(), regime=Accumulate(), generations=9).of("a")
    assert (entry["verdict"], entry["grounding"], entry["growth"]) == ("degrades", "ungrounded", "bounded")
    np.testing.assert_allclose(entry["inflation"], np.cumsum(1 / np.arange(1, 11) ** 2), rtol=1e-12)
    assert entry["inflation_limit"] == pytest.approx(math.pi**2 / 6)


def test_accumulating_and_subsampling_bounds_it_at_a_higher_level():
    """The pool gains (2 - 1/g)/(g+1)² a batch and the draw from it costs 1 - 1/g: pi²/2 - 2 in the end."""
    entry = diagnose(lone(), regime=AccumulateSubsample(), generations=9).of("a")
    pool, expected = 1.0, [1.0]
    for batches in range(1, 10):
        pool += (2 - 1 / batches) / (batches + 1) ** 2
        expected.append(pool + 1 - 1 / (batches + 1))
    np.testing.assert_allclose(entry["inflation"], expected, rtol=1e-12)
    assert entry["verdict"] == "degrades"
    assert entry["inflation_limit"] == pytest.approx(math.pi**2 / 2 - 2)


def test_pooling_leaves_nothing_to_cause_or_repair():
    """Where nothing is unbounded, nobody is told to stop a collapse."""
    for regime in (Accumulate(), AccumulateSubsample()):
        diagnosis = diagnose(spoiled(), regime=regime)
        assert diagnosis.causes == diagnosis.repairs == ()
        assert diagnosis.counts["collapses"] == 0


@pytest.mark.parametrize("batches", [1, 2, 3, 5])
def test_a_window_slows_a_collapse_and_never_stops_it(batches):
    """A lone loop grows by 4/(k+1)² of its start a generation."""
    entry = diagnose(lone(), regime=Window(batches), generations=60).of("a")
    assert (entry["verdict"], entry["growth"]) == ("collapses", "linear")
    slope = entry["inflation"][-1] - entry["inflation"][-2]
    assert slope == pytest.approx(4 / (batches + 1) ** 2)


def test_a_window_of_real_data_improves():
    """Three batches of 50 instead of one: a third of the risk."""
    entry = diagnose(flows(("web", "a", 50)), regime=Window(3)).of("a")
    assert entry["verdict"] == "improves"
    assert entry["inflation_limit"] == pytest.approx(1 / 3)
    assert entry["vs_isolated"] == pytest.approx(1)


# -- exact laws -----------------------------------------------------------------------------------------


def test_least_squares_explodes_although_real_data_arrive():
    """20 features, 5 real + 20 of its own: G' = cG + d/(N-d-1) = cG + 5 from 5, with c = 91640/64800."""
    diagnosis = diagnose(mixed(5, 20), laws.LeastSquares(20), generations=15)
    entry = diagnosis.of("a")
    assert (entry["verdict"], entry["grounding"], entry["growth"]) == ("collapses", "grounded", "exponential")
    c = 20 * ((25**2 - 25 + 2) * 41 - 2 * 25 * 20 * 20 - 4 * 25) / (25 * 27 * 24 * 4)
    assert c == pytest.approx(1.4142, abs=5e-5)
    np.testing.assert_allclose(entry["risk"], 5 * np.cumsum(c ** np.arange(16)), rtol=1e-10)
    assert entry["inflation_limit"] is entry["vs_isolated"] is None  # five samples alone have no fit
    (cause,) = diagnosis.causes
    assert (cause.kind, cause.component, cause.collapses) == ("finite-sample", ("a",), ("a",))


def test_least_squares_with_enough_samples_does_not():
    """From 2d + 1 = 41 samples on nothing is amplified."""
    diagnosis = diagnose(mixed(21, 20), laws.LeastSquares(20))
    assert diagnosis.of("a")["growth"] == "bounded"
    assert diagnosis.causes == ()


def test_a_lone_exponential_grows_by_a_factor():
    """G' = G(1 + 1/n) + V/n from V/n: V((1 + 1/n)^(t+1) - 1)."""
    entry = diagnose(lone(10), laws.exponential(3.0), generations=8).of("a")
    assert (entry["verdict"], entry["growth"]) == ("collapses", "exponential")
    np.testing.assert_allclose(entry["risk"], 9 * (1.1 ** np.arange(1, 10) - 1), rtol=1e-12)
    assert entry["inflation_limit"] is None


def test_an_exponential_explodes_although_real_data_arrive():
    """One real sample and one of its own of weight 9: the loop carries .9²(1 + 1/1) = 1.62 a generation."""
    graph = flows(("web", "a", 1), ("a", "a", 1, 9.0))
    diagnosis = diagnose(graph, laws.exponential(1.0), generations=6)
    entry = diagnosis.of("a")
    assert (entry["verdict"], entry["grounding"], entry["growth"]) == ("collapses", "grounded", "exponential")
    risk = [1 / 2]
    for _ in range(6):
        risk.append(1.62 * risk[-1] + 0.9**2 + 0.1**2)
    np.testing.assert_allclose(entry["risk"], risk, rtol=1e-12)
    assert [cause.kind for cause in diagnosis.causes] == ["finite-sample"]


def test_a_lone_bernoulli_collapses_though_its_risk_has_a_ceiling():
    """V(1 - (1-1/n)^(t+1)) with V = .2 x .8, which ends at V: n times the start, and all diversity lost."""
    diagnosis = diagnose(lone(25), laws.bernoulli(0.2), generations=8)
    entry = diagnosis.of("a")
    assert (entry["verdict"], entry["grounding"], entry["growth"]) == ("collapses", "ungrounded", "bounded")
    np.testing.assert_allclose(entry["risk"], 0.16 * (1 - (1 - 1 / 25) ** np.arange(1, 10)), rtol=1e-12)
    np.testing.assert_allclose(entry["diversity_retained"], (1 - 1 / 25) ** np.arange(1, 10), rtol=1e-12)
    assert entry["inflation_limit"] == pytest.approx(25)
    assert entry["diversity_limit"] == 0
    assert [cause.kind for cause in diagnosis.causes] == ["ungrounded"]


def test_ddof_decides_the_fate_of_a_lone_gaussian():
    """Maximum likelihood: 1 - (1-1/n)^g, with a ceiling at 1. Unbiased: g/n, with none."""
    fits = np.arange(1, 10)
    likely, unbiased = (diagnose(lone(10), laws.Gaussian(ddof), generations=8).of("a") for ddof in (0, 1))
    np.testing.assert_allclose(likely["risk"], 1 - 0.9**fits, rtol=1e-12)
    np.testing.assert_allclose(unbiased["risk"], fits / 10, rtol=1e-12)
    assert (likely["growth"], unbiased["growth"]) == ("bounded", "linear")
    assert likely["inflation_limit"] == pytest.approx(10)
    assert likely["verdict"] == unbiased["verdict"] == "collapses"


@pytest.mark.parametrize("law", [laws.gaussian_mean(3.0), laws.poisson(5.0)])
def test_families_without_curvature_inflate_as_any_estimator_does(law):
    """The variance is a unit, and cancels."""
    entry = diagnose(mixed(20, 80), law).of("a")
    assert entry["inflation_limit"] == pytest.approx(1 / (1 - 0.8**2))
    assert entry["risk"][0] == pytest.approx((9 if law.name == "gaussian-mean" else 5) / 100)


# -- what is taken where nothing is said --------------------------------------------------------------


def test_defaults_are_confessed_and_what_is_given_is_not():
    """Regime and horizon of nobody's choosing stand among the assumptions."""
    silent = diagnose(lone())
    assert (silent.regime, silent.generations) == (Replace(), 20)
    assert {"regime", "generations"} <= {said.partition(":")[0] for said in silent.assumptions}
    told = diagnose(lone(), regime=Window(2), generations=3)
    assert not {"regime", "generations"} & {said.partition(":")[0] for said in told.assumptions}


def test_several_causes_are_told_apart():
    """Two closed loops, one repair each, and what hears both is counted with both."""
    diagnosis = diagnose(
        flows(("a", "a", 9), ("b", "c", 9), ("c", "b", 9), ("a", "d", 9), ("b", "d", 9), ("web", "d", 9))
    )
    reached = {cause.component: cause.collapses for cause in diagnosis.causes}
    assert {frozenset(loop): set(reach) for loop, reach in reached.items()} == {
        frozenset("a"): set("ad"),
        frozenset("bc"): set("bcd"),
    }
    for repair, cause in zip(diagnosis.repairs, diagnosis.causes, strict=True):
        assert repair.model in cause.component
