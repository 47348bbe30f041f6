"""Poisson regression: the exact fit, the emitted law, risk in closed form, extinct counts."""

from __future__ import annotations

import numpy as np
import pytest

from headwater import simulate
from headwater.errors import FamilyError
from headwater.families.contract import Ask
from headwater.families.covariates import GaussianDesign, Table
from headwater.families.poisson_regression import PoissonRegression
from headwater.graph import InteractionGraph
from tests.oracles.agreement import assert_means

ROWS = np.array([[-1.0], [-0.2], [0.4], [1.5]])
THETA = np.array([0.6, 0.3])
RATE = np.exp(ROWS[:, 0] * 0.6 + 0.3)
COUNTS = np.array([0.0, 3.0, 1.0, 7.0])


def test_the_fit_on_real_labels_is_that_of_scikit_learn():
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 3)) * [1.0, 0.1, 2.0]
    y = rng.poisson(np.exp(0.5 + x @ [0.3, 2.0, -0.2])).astype(float)
    family = PoissonRegression(Table(x, "fixed", True, y), test_table=x, test_labels=y)
    peer = linear.PoissonRegressor(alpha=0, solver="newton-cholesky", tol=1e-12).fit(x, y)
    np.testing.assert_allclose(family.target, np.r_[peer.coef_, peer.intercept_], rtol=1e-7)
    from scipy.stats import poisson

    expected = -poisson.logpmf(y, peer.predict(x)).mean()
    assert family.measure(family.truth(1), "log_loss")[0] == pytest.approx(expected, rel=1e-9)
    assert family.measure(family.truth(1), "risk")[0] == 0
    model = family.fit(family.draw(family.truth(2), Ask(60), rng), rng)
    np.testing.assert_allclose(family.measure(model, "risk"), 0, atol=1e-12)


def test_a_saturated_fit_has_the_log_means_of_its_cells():
    """A cell of zeros is a failed, finite fit that does not spoil the other cell."""
    family = PoissonRegression(Table([[0.0], [1.0]], "fresh", True), [1.0, 0.0])
    seen = family.draw(family.truth(3), Ask(10), np.random.default_rng(1))
    mass = np.tile([10.0, 8.0], (3, 1))
    seen = seen._replace(mass=mass, total=np.array([[4.0, 2000.0], [0.0, 2.0], [0.0, 0.0]]))
    model = family.fit(seen, np.random.default_rng(1))
    np.testing.assert_allclose(model.values[0], [np.log(250 / 0.4), np.log(0.4)], rtol=1e-12)
    np.testing.assert_array_equal(model.failed, [False, True, True])
    rate = np.exp(model.values @ np.array([[0.0, 1.0], [1.0, 1.0]]))
    assert np.isfinite(model.values).all() and rate[1, 0] < 1e-5 and (rate[2] < 1e-5).all()
    assert rate[1, 1] == pytest.approx(0.25, rel=1e-4)


@pytest.mark.parametrize("rows, samples", [("fresh", 3), ("fresh", 6), ("fixed", 4)])
def test_counts_follow_their_law_row_by_row(rows, samples):
    """Drawn as sums and as records, with second moments of the sums."""
    family, rng, n = PoissonRegression(Table(ROWS, rows, True), THETA), np.random.default_rng(samples), 20_000
    ask, model = Ask(samples), family.truth(n)
    shares = np.full(4, 0.25)
    if rows == "fresh":
        pairs = samples * (samples - 1) * np.outer(shares * RATE, shares * RATE)
        second = pairs + samples * np.diag(shares * (RATE + RATE**2))
    else:
        second = np.diag(RATE) + np.outer(RATE, RATE)
    records = family.records(model, ask, rng)
    told = np.zeros((n, 4))
    np.add.at(told, (np.arange(n)[:, None], records[:, :, 0].astype(int)), records[:, :, 1])
    drawn = family.combine([family.draw(model, ask, rng), family.tell(records)], [1.0, 0.0])
    ways = [told] if drawn.rows is not None else [told, drawn.total]
    for totals in ways:
        assert_means(totals[:, :, None] * totals[:, None, :], second)
        with pytest.raises(AssertionError):
            assert_means(totals[:, :, None] * totals[:, None, :], second + 0.3 * np.diag(RATE))


def test_rows_with_real_labels_keep_them():
    family = PoissonRegression(Table(ROWS, "fresh", True, COUNTS))
    rng, truth = np.random.default_rng(2), family.truth(500)
    records = family.records(truth, Ask(3), rng)
    np.testing.assert_array_equal(records[:, :, 1], COUNTS[records[:, :, 0].astype(int)])
    seen = family.draw(truth, Ask(9), rng)
    np.testing.assert_array_equal(seen.total, seen.mass * COUNTS)
    assert (seen.mass.sum(1) == 9).all()


def test_risk_over_a_normal_design_is_in_closed_form():
    """E[m*(η* - η) - m* + m] with m* = exp(v*/2) and E[m* η] = m* cov(η*, η)."""
    covariance = np.array([[1.0, 0.3], [0.3, 0.5]])
    family = PoissonRegression(GaussianDesign(2, covariance), [0.5, -0.4])
    values = np.array([[0.1, 0.8], [0.5, -0.4], [-1.0, 1.0], [20.0, 1.0]])
    model, target = family.truth(4)._replace(values=values), family.target
    own, other = target @ covariance @ target, np.einsum("ri,ij,rj->r", values, covariance, values)
    mean = np.exp(own / 2)
    expected = mean * (own - values @ covariance @ target) - mean + np.exp(other / 2)
    np.testing.assert_allclose(family.measure(model, "risk"), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("labelled", [False, True])
def test_unit_risk_is_what_many_real_samples_leave(labelled):
    rng = np.random.default_rng(3)
    family = PoissonRegression(
        Table(ROWS, "fresh", True, COUNTS if labelled else None), None if labelled else THETA
    )
    model = family.fit(family.draw(family.truth(6000), Ask(20_000), rng), rng)
    risk = 20_000 * family.measure(model, "risk")[:, None]
    assert_means(risk, np.array([family.unit_risk]))
    with pytest.raises(AssertionError):
        assert_means(risk, np.array([0.8 * family.unit_risk]))
    assert labelled == (family.unit_risk != 1.0)


def test_a_gaussian_design_is_fitted_on_its_rows():
    """The score of the weighted raw rows is zero at the fit; one replicate too."""
    family, rng = PoissonRegression(GaussianDesign(2), THETA), np.random.default_rng(4)
    for replicates in (1, 6):
        parts = [family.draw(family.truth(replicates), Ask(n), rng) for n in (30, 20)]
        model = family.fit(family.combine(parts, [1.0, 0.5]), rng)
        rows = np.concatenate([part.rows for part in parts], axis=1)
        weight = np.r_[np.ones(30), np.full(20, 0.5)]
        labels = np.concatenate([part.total for part in parts], axis=1)
        error = weight * (labels - np.exp(np.einsum("rnp,rp->rn", rows, model.values)))
        np.testing.assert_allclose(np.einsum("rn,rnp->rp", error, rows), 0, atol=1e-8)
        assert not model.failed.any()


def test_a_loop_without_real_data_dies_out_and_stays_finite():
    """All counts zero is absorbing: every later fit fails, emits zeros and keeps a finite risk."""
    family, rng = PoissonRegression(Table(ROWS, "fixed", True), [0.3, -2.0]), np.random.default_rng(5)
    model = family.truth(100)
    for _ in range(40):
        model = family.fit(family.draw(model, Ask(4), rng), rng)
    assert np.isfinite(family.measure(model, "risk")).all()
    assert family.measure(model, "failed").mean() > 0.5


def test_a_fit_that_runs_away_where_no_sample_is_stays_finite_and_counts_as_failed():
    """Only the rightmost row with samples has a count; rows without samples lie farther right."""
    table = np.random.default_rng(0).standard_normal((12, 1))
    family = PoissonRegression(Table(table, "fresh", True), [0.3, 0.1])
    index = np.repeat(np.arange(12), [2, 1, 0, 1, 1, 0, 0, 0, 3, 2, 5, 0])
    labels = np.zeros(len(index))
    labels[0] = 1
    model = family.fit(family.tell(np.stack([index, labels], -1)[None].astype(float)), None)
    assert model.failed.all() and np.isfinite(model.values).all()
    held = table[[0, 1, 3, 4, 8, 9, 10], 0]
    rate = np.exp(model.values[0] @ np.stack([held, np.ones(7)]))
    np.testing.assert_allclose(rate, [0.5, 0, 0, 0, 0, 0, 0], atol=1e-5)
    assert 0 < family.measure(model, "risk")[0] < 1e150


@pytest.mark.parametrize(
    "rows",
    [Table(ROWS, "fresh", True), Table(ROWS, "fixed", True), GaussianDesign(2)],
    ids=["fresh", "fixed", "normal"],
)
def test_rates_past_any_number_are_drawn_as_rounded_normals(rows):
    """e^40 is the most: its mean and variance, to five standard errors of 4,000 draws."""
    family, rng = PoissonRegression(rows, THETA), np.random.default_rng(6)
    values = np.tile([3e8, 3e8], (4000, 1))
    model = family.truth(4000)._replace(values=values)
    seen = family.draw(model, Ask(4), rng)
    records = family.records(model, Ask(4), rng)
    assert np.isfinite(seen.total).all() and np.isfinite(records).all()
    count = records[:, :, -1]
    huge = (count[count > 1e17] - np.exp(40)) / np.exp(20)
    assert abs(huge.mean()) < 5 / len(huge) ** 0.5 and abs(huge.var() - 1) < 5 * (2 / len(huge)) ** 0.5
    fitted = family.fit(seen, rng)
    assert np.isfinite(fitted.values).all() and np.isfinite(family.measure(fitted, "risk")).all()


def test_more_samples_than_the_generator_can_count_are_drawn():
    family, rng = PoissonRegression(Table(ROWS, "fresh", True), THETA), np.random.default_rng(7)
    model = family.truth(1)._replace(values=np.array([[30.0, 30.0]]))
    total = family.draw(model, Ask(1000), rng)
    rate = total.mass * np.exp(np.minimum(ROWS[:, 0] * 30 + 30, 40))
    np.testing.assert_allclose(total.total[:, 1:], rate[:, 1:], rtol=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_a_lone_loop_that_explodes_ends_in_numbers(seed):
    """15 samples of 12 rows; in 40 generations some histories run away, none raises."""
    table = np.random.default_rng(0).standard_normal((12, 1))
    family = PoissonRegression(Table(table, "fresh", True), [0.3, 0.1])
    graph = InteractionGraph.from_flows([("a", "a", 15)])
    run = simulate(graph, family, replicates=600, seed=seed, generations=40)
    assert all(np.isfinite(run[name].values).all() for name in ("risk", "norm", "failed"))
    assert run["risk"].values.max() > 1e6


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda: PoissonRegression(GaussianDesign(2)), "coefficients of the truth are not given"),
        (lambda: PoissonRegression(Table(ROWS, "fresh", True, [0, -1, 2, 0])), "labels hold -1"),
        (lambda: PoissonRegression(Table(ROWS, "fresh", True, [0, 0.5, 2, 0])), "labels hold 0.5"),
        (lambda: PoissonRegression(Table(ROWS, "fresh", True, [0, 0, 0, 0])), "no maximum-likelihood fit"),
    ],
)
def test_what_cannot_be_right_is_refused(make, told):
    with pytest.raises(FamilyError, match=told):
        make()
