"""Mean distances, their combinations and errors, against naive twins and other code."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from headwater.measures.causes.distances import Distances, combine, cosine
from headwater.measures.numeric.energy import energy_distance
from tests.oracles.agreement import assert_means


@pytest.fixture
def drawn():
    rng = np.random.default_rng(2)
    return {
        "x": rng.normal(size=(7, 2)),
        "y": rng.normal(1, 1, size=(6, 2)),
        "z": rng.normal(2, 1, size=(5, 2)),
    }


def naive_energy(x, y):
    """By the definition, pair by pair."""
    across = np.mean([np.linalg.norm(a - b) for a in x for b in y])
    within = [
        np.mean([np.linalg.norm(s[i] - s[j]) for i in range(len(s)) for j in range(len(s)) if i != j])
        for s in (x, y)
    ]
    return 2 * across - sum(within)


def test_energy_is_that_of_the_definition_and_of_the_metric(drawn):
    """Pair by pair, and by the metric that measures one distance at a time."""
    found = Distances(drawn).energy("x", "y").value
    assert found == pytest.approx(naive_energy(drawn["x"], drawn["y"]))
    assert found == pytest.approx(energy_distance(drawn["x"], drawn["y"]))


def test_many_axes_are_measured_as_few_are():
    """The matrix product gives the same mean distance as pair by pair."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 9, 20))
    assert Distances({"x": x, "y": y}).mean("x", "y").value == pytest.approx(cdist(x, y).mean())


def test_leaving_out_is_leaving_out(drawn):
    """What a combination is without a row is what it is when it is measured anew without it."""

    def turn(points):
        web = Distances(points)
        return combine(cosine, web.energy("y", "x"), web.energy("z", "x"), web.energy("y", "z"))

    found = turn(drawn)
    for name, rows in drawn.items():
        for row in range(len(rows)):
            rest = {**drawn, name: np.delete(rows, row, axis=0)}
            assert found.without[name][row] == pytest.approx(turn(rest).value)


def test_a_sample_is_no_distance_from_itself(drawn):
    """The same rows in two roles are one sample: zero, without error."""
    found = Distances(drawn).energy("x", "x")
    assert found.value == 0
    assert found.error == 0


def test_the_jackknife_error_is_that_of_repeated_draws():
    """The mean of its square is the variance of the estimate; twice as much is rejected by the same draws."""
    rng = np.random.default_rng(4)
    values, squares = [], []
    for _ in range(1500):
        points = {"x": rng.normal(size=(40, 1)), "y": rng.normal(1, 1, size=(40, 1))}
        found = Distances(points).energy("x", "y")
        values.append(found.value)
        squares.append(found.error**2)
    spread = (np.array(values) - np.mean(values)) ** 2
    # the jackknife errs upwards by the part of second order, here less than a tenth
    assert_means((np.array(squares) / 1.05 - spread)[:, None], np.zeros(1))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means((np.array(squares) * 2 - spread)[:, None], np.zeros(1))


def test_the_energy_distance_of_two_normals_is_its_closed_form():
    """2 E|N(m, 2)| - 2 E|N(0, 2)| for laws that are m apart; that of another m is rejected."""
    from scipy.stats import foldnorm

    rng = np.random.default_rng(5)
    found = np.array(
        [
            Distances({"x": rng.normal(size=(30, 1)), "y": rng.normal(0.7, 1, size=(30, 1))})
            .energy("x", "y")
            .value
            for _ in range(1500)
        ]
    )[:, None]

    def law(m):
        return np.array([2 * np.sqrt(2) * (foldnorm.mean(m / np.sqrt(2)) - foldnorm.mean(0))])

    assert_means(found, law(0.7))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(found, law(0.8))


def test_a_mixture_lies_on_the_way():
    """Its step has a cosine of 1 with the way to what is mixed in; a step aside has one near 0."""
    rng = np.random.default_rng(6)
    here, there = rng.normal(size=(900, 3)), rng.normal([3, 0, 0], 1, size=(900, 3))
    part = np.vstack([rng.normal(size=(450, 3)), rng.normal([3, 0, 0], 1, size=(450, 3))])
    web = Distances({"r": here, "q": there, "n": part, "a": rng.normal([0, 3, 0], 1, size=(900, 3))})
    on = combine(cosine, web.energy("n", "r"), web.energy("q", "r"), web.energy("n", "q"))
    aside = combine(cosine, web.energy("a", "r"), web.energy("q", "r"), web.energy("a", "q"))
    assert abs(on.value - 1) <= 5 * on.error
    assert aside.value < 0.6


def test_the_permutation_test_holds_its_level_and_sees_a_shift():
    """On equal laws p below 0.1 in a tenth of draws (exact binomial, 1e-6); on laws apart nearly always."""
    from scipy.stats import binom

    rng = np.random.default_rng(7)
    low = {0.0: 0, 1.5: 0}
    for shift in low:
        for seed in range(300):
            points = {"x": rng.normal(size=(12, 1)), "y": rng.normal(shift, 1, size=(15, 1))}
            low[shift] += Distances(points).permuted("x", "y", 59, seed) <= 0.1
    assert binom.sf(low[0.0] - 1, 300, 0.1) > 1e-6
    assert binom.sf(low[1.5] - 1, 300, 0.1) < 1e-6
