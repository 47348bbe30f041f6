"""The categorical family: exact draws by every route, the exact law, emissions, real text."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import stats

from headwater.emission import Emission
from headwater.errors import FamilyError
from headwater.families import categorical
from headwater.families.categorical import (
    Categorical,
    Shares,
    from_counts,
    from_text,
    multinomial,
    tempered,
    truncated,
    zipf,
    zipf_mandelbrot,
)
from headwater.families.contract import Ask
from headwater.regimes import Replace
from headwater.theory.trajectory import trajectory
from tests.oracles.agreement import assert_means
from tests.theory.graphs import dense, everyone

P = np.array([0.5, 0.0, 0.3, 0.15, 0.05, 0.0])
H = 1 - (P**2).sum()


def lone_loop(family, samples, generations, replicates, seed):
    """The model of each generation, retrained on its own samples and on nothing else."""
    rng = np.random.default_rng(seed)
    model = family.truth(replicates)
    models = []
    for _ in range(generations + 1):
        evidence = family.combine([family.draw(model, Ask(samples), rng)], [1.0])
        model = family.fit(evidence, rng)
        models.append(model)
    return models


def measured(family, models, name):
    return np.stack([family.measure(model, name) for model in models], axis=1)


def moments(counts):
    """First moments and all products of the counts of each replicate."""
    products = counts[:, :, None] * counts[:, None, :]
    return np.concatenate([counts, products.reshape(len(counts), -1)], axis=1)


def expected_moments(law, samples):
    mean = samples * law
    products = samples * (np.diag(law) - np.outer(law, law)) + np.outer(mean, mean)
    return np.concatenate([mean, products.ravel()])


# -- draws ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["at once", "on the support", "by spacings"])
def test_every_route_draws_the_multinomial(route, monkeypatch):
    """First and second moments; a law that is a little off is told apart. No zero is ever drawn."""
    samples = 2 if route == "by spacings" else 7
    law = np.array([0.4, 0.2, 0.15, 0.1, 0.05, 0.05, 0.05]) if route == "by spacings" else P
    monkeypatch.setattr(categorical, "SMALL", 100 if route == "at once" else 1)
    rng = np.random.default_rng([1, len(route)])
    counts = multinomial(np.tile(law, (40_000, 1)), samples, rng)
    assert counts.dtype == np.float64
    assert (counts.sum(axis=1) == samples).all()
    assert (counts[:, law == 0] == 0).all()
    assert_means(moments(counts), expected_moments(law, samples))
    off = law + np.array([0.02, 0, -0.02, *[0] * (len(law) - 3)])
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(moments(counts), expected_moments(off, samples))


@pytest.mark.parametrize("samples", [3_000, 500])
def test_a_long_vocabulary_is_drawn_as_raw_records_are(samples):
    """3,000 symbols; χ² of the pooled counts of 100 draws and of 100 records, refused below 1e-6.

    The last 200 symbols have probability 0. A neighbouring exponent is told apart.
    """
    weight = np.arange(1, 3001.0) ** -1.1
    weight[-200:] = 0
    family = from_counts(weight)
    assert len(family.probabilities) > categorical.SMALL
    rng = np.random.default_rng(samples)
    truth = family.truth(100)
    drawn = family.draw(truth, Ask(samples), rng).counts.sum(axis=0)
    raw = family.tell(family.records(truth, Ask(samples), rng)).counts.sum(axis=0)
    for counts in (drawn, raw):
        assert counts.sum() == 100 * samples
        assert (counts[-200:] == 0).all()
        assert chi_square(counts, family.probabilities) > 1e-6
        assert chi_square(counts, zipf(3000, 1.08).probabilities) < 1e-6


def chi_square(counts, law):
    """p-value over the 200 most frequent symbols, and the rest as one."""
    seen = np.append(counts[:200], counts[200:].sum())
    share = np.append(law[:200], law[200:].sum())
    return stats.chisquare(seen, seen.sum() * share).pvalue


def test_records_are_int32_and_have_the_moments_of_the_draw():
    family, rng = Categorical(P), np.random.default_rng(2)
    records = family.records(family.truth(40_000), Ask(3), rng)
    assert records.dtype == np.int32 and records.shape == (40_000, 3)
    naive = [np.bincount(each, minlength=6) for each in records[-5000:]]
    np.testing.assert_array_equal(family.tell(records).counts[-5000:], naive)
    assert_means(moments(family.tell(records).counts), expected_moments(P, 3))
    # in no order: the first record follows the law by itself
    assert_means(family.tell(records[:, :1]).counts, P)


def test_rounding_never_revives_a_lost_symbol():
    """A generator that leaves its rounding to the last symbol, as numpy may once in 1e16 samples."""

    class Careless:
        def multinomial(self, samples, law):
            counts = np.zeros(law.shape, dtype=np.int64)
            counts[:, 1], counts[:, -1] = samples - 1, 1
            return counts

    law = np.array([[0.3, 0.7, 0.0], [0.2, 0.5, 0.3]])
    counts = multinomial(law, 5, Careless())
    np.testing.assert_array_equal(counts, [[0, 5, 0], [0, 4, 1]])


# -- laws ----------------------------------------------------------------------------------------


def test_a_lone_loop_follows_the_law_at_four_samples():
    """Risk by the recursion with V = H and v2 = -1; the large-sample line is told apart."""
    family = Categorical(P)
    models = lone_loop(family, 4, 6, 40_000, 3)
    graph = dense([[4]], (0,))
    assert family.unit_risk == family.law().variance == pytest.approx(H)
    assert family.law().ceiling == pytest.approx(H)
    expected = trajectory(family.law().recursion(graph, Replace(), everyone(graph)), 6)[:, 0]
    assert_means(measured(family, models, "risk"), expected)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(measured(family, models, "risk"), H / 4 * np.arange(1, 8))


def test_diversity_falls_by_the_factor_of_the_literature():
    """E(1 - Σp²) after k fits is (1 - 1/n)^k of the population's [seddik2024bad]_; not of n + 1."""
    family = zipf(50, 1.0)
    kept = measured(family, lone_loop(family, 10, 9, 4000, 4), "diversity")
    fits = np.arange(1, 11)
    assert_means(kept, 0.9**fits)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(kept, (1 - 1 / 11) ** fits)


@pytest.mark.parametrize(("symbols", "expected"), [(2, 138.6), (10, 189.6)])
def test_total_collapse_takes_as_long_as_diffusion_says(symbols, expected):
    """Mean fits until one of N equal symbols is left, n = 100: -2n Σ(1-p) log(1-p), N = 2, 10.

    Diffusion is off by O(1/n): five standard errors and 2%. Control: n log N, 69 and 230.
    """
    family, rng = from_counts(np.ones(symbols)), np.random.default_rng(5)
    p = 1 / symbols
    assert -200 * symbols * (1 - p) * np.log(1 - p) == pytest.approx(expected, abs=0.1)
    times, model, fits = [], family.truth(3000), 0
    while len(model.failed):
        model = family.fit(family.draw(model, Ask(100), rng), rng)
        fits += 1
        left = family.measure(model, "distinct") > 1
        times += [fits] * int((~left).sum())
        model = Shares(model.probabilities[left], model.failed[left])
    slack = 5 * np.std(times) / 3000**0.5 + 0.02 * expected
    assert abs(np.mean(times) - expected) < slack
    assert abs(np.mean(times) - 100 * np.log(symbols)) > slack


def test_rare_symbols_survive_as_often_as_the_literature_says():
    """1,000 equal symbols, n = 1,000, 10 fits: a share 1 - exp(-g), g_10 = .17225, is left.

    [suresh2024rate]_ bounds it from both sides by terms of 3np² + 3kp = 3.3%. Control: g_9.
    """
    family = from_counts(np.ones(1000))
    distinct = measured(family, lone_loop(family, 1000, 9, 200, 6), "distinct") / 1000
    exact = 1 - np.exp(-0.17225)
    slack = 5 * distinct[:, -1].std() / 200**0.5
    assert exact - slack <= distinct[:, -1].mean() <= exact + 0.033 * np.exp(-0.17225) + slack
    assert distinct[:, -2].mean() > exact + slack


# -- evidence ------------------------------------------------------------------------------------


def test_pooled_parts_tell_what_their_records_tell_together():
    """Weighted shares of records, nested either way; no part is changed."""
    family, rng = Categorical(P), np.random.default_rng(7)
    parts = [family.records(family.truth(3), Ask(n), rng) for n in (5, 2, 7)]
    told = [family.tell(part) for part in parts]
    before = [part.counts.copy() for part in told]
    nested = family.combine([family.combine(told[:2], [1.0, 2.5]), told[2]], [1.0, 0.4])
    together = family.combine(told, [1.0, 2.5, 0.4])
    weights = np.repeat([1.0, 2.5, 0.4], [5, 2, 7])
    records = np.concatenate(parts, axis=1)
    weighted = family.tell(records, np.tile(weights, (3, 1)))
    expected = np.stack(
        [[weights[row == symbol].sum() / weights.sum() for symbol in range(len(P))] for row in records]
    )
    for evidence in (nested, together, weighted):
        np.testing.assert_allclose(family.fit(evidence, rng).probabilities, expected, atol=1e-12)
    for part, kept in zip(told, before, strict=True):
        assert (part.counts == kept).all()


def test_measures_are_the_closed_forms():
    family = Categorical(P, right=np.array([1, 1, 1, 0, 0, 0], dtype=bool))
    law = np.array([[0.6, 0.0, 0.0, 0.4, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    model = Shares(law, np.array([False, True]))
    expected = {
        "risk": ((law - P) ** 2).sum(axis=1),
        "diversity": [0.48 / H, 0.0],
        "distinct": [2, 1],
        "lost": [0.35, 0.5],
        "entropy": [stats.entropy([0.6, 0.4]), 0.0],
        "wrong": [0.4, 0.0],
        "failed": [0, 1],
    }
    assert list(family.measures) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(family.measure(model, name), value, atol=1e-12)
        assert family.measure(model, name).dtype == np.float64


# -- emissions -----------------------------------------------------------------------------------

EMISSIONS = [
    (Emission(temperature=0.5), P**2 / (P**2).sum()),
    (Emission(top_p=0.8), np.array([0.5, 0, 0.3, 0, 0, 0]) / 0.8),
    (Emission(top_p=0.81), np.array([0.5, 0, 0.3, 0.15, 0, 0]) / 0.95),
    (
        Emission(keep_right=0.5, keep_wrong=0.1),
        np.array([0.25, 0, 0.15, 0.015, 0.005, 0]) / 0.42,
    ),
    # temperature first: squares of .5, .3, .15, .05 over .365 hold .685, .247, ...
    (
        Emission(temperature=0.5, top_p=0.9, keep_wrong=0.5, keep_right=1.0),
        np.array([0.25, 0, 0.09, 0, 0, 0]) / 0.34,
    ),
]


@pytest.mark.parametrize(("emission", "law"), EMISSIONS, ids=lambda each: str(each)[:60])
def test_what_is_emitted_follows_the_changed_law(emission, law):
    """Shares in draws and in records; the unchanged law is told apart."""
    family = Categorical(P, right=np.array([1, 1, 1, 0, 0, 0], dtype=bool))
    rng = np.random.default_rng(8)
    ask = Ask(4, emission)
    told = family.tell(family.records(family.truth(20_000), ask, rng))
    for counts in (family.draw(family.truth(20_000), ask, rng).counts, told.counts):
        assert_means(counts / 4, law)
        with pytest.raises(AssertionError):
            assert_means(counts / 4, P)


def test_a_verifier_emits_what_raw_rejection_keeps():
    """Naive twin: draw, keep at random by rightness, look at what is left."""
    right = np.array([1, 1, 0, 0, 1, 0], dtype=bool)
    family, rng = Categorical(P, right=right), np.random.default_rng(9)
    raw = rng.choice(len(P), 200_000, p=P)
    kept = raw[rng.random(raw.size) < np.where(right, 0.9, 0.2)[raw]]
    drawn = family.draw(family.truth(1), Ask(100_000, Emission(keep_right=0.9, keep_wrong=0.2)), rng)
    seen = np.stack([np.bincount(kept, minlength=6), drawn.counts[0]])[:, P > 0]
    assert stats.chi2_contingency(seen).pvalue > 1e-6
    raw_seen = np.stack([np.bincount(raw, minlength=6), drawn.counts[0]])[:, P > 0]
    assert stats.chi2_contingency(raw_seen).pvalue < 1e-6


def test_a_verifier_that_can_keep_nothing_passes_all_on_and_says_so():
    """Only the replicate without a right symbol; the flag goes through the pool into the model."""
    family = Categorical(P, right=np.array([1, 0, 0, 0, 0, 0], dtype=bool))
    rng = np.random.default_rng(10)
    law = np.array([[0.0, 0.0, 0.4, 0.6, 0.0, 0.0], [0.1, 0.0, 0.9, 0.0, 0.0, 0.0]])
    ask = Ask(1000, Emission(keep_wrong=0.0))
    drawn = family.draw(Shares(law, np.zeros(2, dtype=bool)), ask, rng)
    np.testing.assert_array_equal(drawn.failed, [True, False])
    assert (drawn.counts[0, [2, 3]] > 300).all()
    assert drawn.counts[1, 0] == 1000
    fresh = family.draw(family.truth(2), Ask(10), rng)
    model = family.fit(family.combine([fresh, drawn], [1.0, 1.0]), rng)
    np.testing.assert_array_equal(family.measure(model, "failed"), [1, 0])
    # with the default, what the population has is right: nothing to keep means keep_right is 0
    plain = Categorical(P)
    assert not plain.draw(plain.truth(2), ask, rng).failed.any()


@pytest.mark.parametrize("temperature", [5e-324, 1e-3, 1e6])
def test_extreme_temperatures_neither_overflow_nor_underflow(temperature):
    """Cold: the most probable alone; hot: even over what has positive probability."""
    law = tempered(np.array([[1 - 3e-300, 1e-300, 2e-300, 0.0]]), temperature)[0]
    expected = [1 / 3, 1 / 3, 1 / 3, 0] if temperature > 1 else [1, 0, 0, 0]
    np.testing.assert_allclose(law, expected, atol=1e-3)


def test_top_p_takes_the_fewest_symbols_and_of_equal_ones_the_first():
    np.testing.assert_allclose(truncated(np.full((1, 10), 0.1), 0.3)[0, :4], [1 / 3, 1 / 3, 1 / 3, 0])
    np.testing.assert_allclose(truncated(np.array([[0.1, 0.7, 0.2]]), 0.9)[0], [0, 7 / 9, 2 / 9])
    np.testing.assert_allclose(truncated(np.array([[0.1, 0.7, 0.2]]), 5e-324)[0], [0, 1, 0])


# -- populations ---------------------------------------------------------------------------------


def test_named_populations_are_their_formulas():
    np.testing.assert_allclose(zipf(3, 1.0).probabilities, np.array([6, 3, 2]) / 11)
    np.testing.assert_allclose(zipf(4, 0).probabilities, 0.25)
    shifted = 1 / (np.arange(1, 6) + 2.5) ** 1.7
    np.testing.assert_allclose(zipf_mandelbrot(5, 1.7, 2.5).probabilities, shifted / shifted.sum())
    np.testing.assert_allclose(from_counts([2, 0, 6]).probabilities, [0.25, 0, 0.75])
    assert not from_counts([2, 0, 6]).right[1]


def test_a_pattern_that_matches_nothing_between_words_makes_no_word():
    assert from_text("ab cd", pattern=r"\w*").symbols == ("ab", "cd")


def test_a_text_becomes_the_shares_of_its_words():
    family = from_text("The cat, the hat. THE END: cat")
    assert family.symbols == ("the", "cat", "hat", "end")
    np.testing.assert_allclose(family.probabilities, np.array([3, 2, 1, 1]) / 7)
    letters = from_text("abBa", lower=False, pattern=".")
    assert dict(zip(letters.symbols, letters.probabilities, strict=True)) == {"a": 0.5, "b": 0.25, "B": 0.25}


def test_the_population_cannot_be_written_to_and_the_family_can_be_sent_away():
    given = P.copy()
    family = Categorical(given)
    given[:] = 0
    assert family.probabilities[0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        family.probabilities[0] = 1
    sent = pickle.loads(pickle.dumps(family))
    rng = np.random.default_rng
    first, second = (each.draw(each.truth(3), Ask(9), rng(1)).counts for each in (family, sent))
    assert (first == second).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Categorical(np.array([0.5, 0.6])),
        lambda: Categorical(np.array([1.0, 0.0])),
        lambda: Categorical(np.array([1.5, -0.5])),
        lambda: Categorical(np.array([[0.5, 0.5]])),
        lambda: Categorical(np.array([0.5, np.nan])),
        lambda: Categorical(P, symbols=("a", "b")),
        lambda: Categorical(P, right=np.ones(3, dtype=bool)),
        lambda: Categorical(P, right=np.zeros(6, dtype=bool)),
        lambda: Categorical(P, right=np.ones(6)),
        lambda: zipf(1, 1.0),
        lambda: zipf(True, 1.0),
        lambda: zipf(10, -1.0),
        lambda: zipf(10, float("nan")),
        lambda: zipf(10, 1e5),
        lambda: zipf_mandelbrot(10, 1.0, -1.0),
        lambda: from_counts([1.0, -1.0]),
        lambda: from_counts([0, 0]),
        lambda: from_text("one one"),
        lambda: from_text("one two", pattern="("),
        lambda: from_text("one two", pattern=b"o"),
        lambda: from_text(b"one two"),
        lambda: from_counts({"a": "b"}),
        lambda: from_counts([[1, 2], [3]]),
        lambda: Categorical([1, 10**400]),
        lambda: Categorical("ab"),
        lambda: Categorical(np.broadcast_to(0.5, 2**31)),
        lambda: from_counts(range(2**40)),
        lambda: zipf(10**12, 1),
        lambda: zipf(10**400, 1),
        lambda: zipf(10**5000, 1),
        lambda: zipf(10, 10**400),
        lambda: zipf(10, 1e308),
        lambda: zipf_mandelbrot(10, 1, 10**400),
        lambda: Categorical(P).tell(np.array([[0, 6], [1, 1]])),
        lambda: Categorical(P).tell(np.array([[0, 1], [-1, 1]])),
    ],
)
def test_impossible_populations_are_refused_with_a_remedy(make):
    with pytest.raises(FamilyError) as error:
        make()
    assert error.value.remedy
