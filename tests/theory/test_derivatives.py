"""Second moments by flow and their derivatives, against other routes and small differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from headwater.errors import NoSteadyState
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.grounding import ground
from headwater.regimes import Replace
from headwater.theory import derivatives, steady
from headwater.theory.derivatives import followed, inflation_slopes, settled
from headwater.theory.flows import Flows
from headwater.theory.laws import Asymptotic, QuadraticVariance
from headwater.theory.steady import steady_state
from headwater.theory.system import build
from headwater.theory.trajectory import trajectory
from tests.theory.graphs import dense, everyone, everything, random_graph, ring


def grounded(seed):
    """A random graph that settles: cycles, frozen models, archives, correlated starts."""
    rng = np.random.default_rng([41, seed])
    while True:
        graph = random_graph(rng, weighted=seed % 2 == 1, real=0.9)
        archive = graph.provider - len(graph.model_names)
        # counts are moved up and down, which a whole archive has no room for
        whole = (archive >= 0) & (graph.samples >= graph.size[np.maximum(archive, 0)])
        if 8 <= len(graph.samples) <= 16 and not whole.any() and not ground(graph).is_ungrounded.any():
            return graph


GRAPHS = [everything(False), everything(True), *map(grounded, range(4))]
CURVATURES = (0.0, -1.0)
TIMES = (0, 1, 4, None)


def moments(flows, generations, curvature):
    return settled(flows, curvature) if generations is None else followed(flows, generations, curvature)


def flows_of(graph):
    return Flows.of(build(graph, everyone(graph)))


def differences(function, at):
    """(..., places) central, of fourth order, so that only cancellation is lost."""
    columns = []
    for place in range(len(at)):
        step = 1e-3 * max(at[place], 0.1)
        ends = []
        for factor in (-2, -1, 1, 2):
            moved = at.copy()
            moved[place] += factor * step
            ends.append(function(moved))
        columns.append((ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * step))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("curvature", CURVATURES)
@pytest.mark.parametrize("graph", GRAPHS, ids=range(len(GRAPHS)))
def test_values_are_those_of_the_laws(graph, curvature):
    """Limit and course, by the recursions that diagnosis uses."""
    law = QuadraticVariance("any", {}, 1.0, curvature) if curvature else Asymptotic()
    recursion = law.recursion(graph, Replace(), everyone(graph))
    flows = flows_of(graph)
    np.testing.assert_allclose(settled(flows, curvature).risk, steady_state(recursion), rtol=1e-9)
    rows = trajectory(recursion, 7)
    for generations in (0, 1, 7):
        np.testing.assert_allclose(
            followed(flows, generations, curvature).risk, rows[generations], rtol=1e-12
        )


@pytest.mark.parametrize("generations", TIMES)
@pytest.mark.parametrize("curvature", CURVATURES)
@pytest.mark.parametrize("graph", GRAPHS, ids=range(len(GRAPHS)))
def test_derivatives_by_samples_are_those_of_small_differences(graph, curvature, generations):
    """Of sums of risks and of inflations, signs mixed; generation 0 answers where it is by default."""
    flows = flows_of(graph)
    trained = len(flows.system.trained)
    coefficient = np.random.default_rng(5).normal(size=trained)

    def both(samples):
        varied = flows.with_samples(samples)
        risk = moments(varied, generations, curvature).risk
        return np.array([coefficient @ risk[:trained], coefficient @ (risk / varied.start_risk)[:trained]])

    found = moments(flows, generations, curvature)
    by_risk, by_inflation = differences(both, flows.samples)
    slopes = found.slopes(coefficient).by_samples()
    np.testing.assert_allclose(slopes, by_risk, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(inflation_slopes(found, coefficient), by_inflation, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("generations", TIMES)
@pytest.mark.parametrize("curvature", CURVATURES)
@pytest.mark.parametrize("graph", GRAPHS[1:4], ids=range(3))
def test_derivatives_by_share_lead_to_those_by_weight(graph, curvature, generations):
    r"""With :math:`\partial w_{ij}/\partial \omega_{ik} = n_{ik}(\delta_{jk} - w_{ij})/M_i`."""
    flows = flows_of(graph)
    trained = len(flows.system.trained)
    coefficient = np.random.default_rng(6).normal(size=trained)

    def risk(weight):
        return float(coefficient @ moments(flows.with_weights(weight), generations, curvature).risk[:trained])

    by_share = moments(flows, generations, curvature).slopes(coefficient).by_share()
    mean = np.bincount(flows.row, by_share * flows.share, trained)
    found = flows.samples / flows.mass[flows.row] * (by_share - mean[flows.row])
    np.testing.assert_allclose(found, differences(risk, flows.weight), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("curvature", CURVATURES)
@pytest.mark.parametrize("graph", [*GRAPHS, ring(5, 40, 8)], ids=range(len(GRAPHS) + 1))
def test_vectors_and_matrices_agree(monkeypatch, graph, curvature):
    """The two ways to the limit's derivatives, forced one after the other."""
    flows = flows_of(graph)
    coefficient = np.zeros(len(flows.system.trained))
    coefficient[-1] = -1.5
    answers = []
    for worth in (np.inf, -1.0):
        monkeypatch.setattr(derivatives, "VECTORS_WORTH", worth)
        slopes = settled(flows, curvature).slopes(coefficient)
        answers.append((slopes.by_samples(), slopes.by_share()))
    np.testing.assert_allclose(answers[0], answers[1], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("real", "synthetic"), [(10, 10), (1, 300), (40, 5)])
def test_a_lone_loop_in_closed_form(real, synthetic):
    r""":math:`G(\infty) = N / (x (x + 2n))`, inflation :math:`N^2/(x(x + 2n))`, and their derivatives."""
    flows = flows_of(dense([[synthetic]], (real,)))
    x, n, N = float(real), float(synthetic), float(real + synthetic)
    found = settled(flows)
    bottom = x * (x + 2 * n)
    assert found.risk[0] == pytest.approx(N / bottom, rel=1e-10)
    by_real, by_synthetic = 1 / bottom - N * 2 * N / bottom**2, 1 / bottom - N * 2 * x / bottom**2
    np.testing.assert_allclose(
        found.slopes(np.ones(1)).by_samples(), [by_synthetic, by_real], rtol=1e-8, atol=1e-14
    )
    inflation = [2 * N / bottom - N**2 * 2 * x / bottom**2, 2 * N / bottom - N**2 * 2 * N / bottom**2]
    np.testing.assert_allclose(inflation_slopes(found, np.ones(1)), inflation, rtol=1e-8, atol=1e-12)


def test_the_best_weight_of_a_lone_loop_is_stationary():
    r"""One to one, real weight share 0.618...: inflation over the real data alone is the same number."""
    golden = (np.sqrt(5) - 1) / 2
    flows = flows_of(dense([[100]], (100,)))
    best = flows.with_weights(np.where(flows.node < 0, golden / (1 - golden), 1.0))
    found = settled(best)
    assert 100 * found.risk[0] == pytest.approx(golden, rel=1e-12)
    by_share = found.slopes(np.ones(1)).by_share()
    assert by_share[0] == pytest.approx(by_share[1], rel=1e-9)
    even = settled(flows).slopes(np.ones(1)).by_share()
    assert abs(even[0] - even[1]) > 1e-3


@pytest.mark.parametrize("generations", [1, 6, None])
@pytest.mark.parametrize("curvature", CURVATURES)
def test_a_flow_that_is_not_used_has_a_derivative(curvature, generations):
    """At 0 samples values are those of the graph without the flow; slopes are one-sided differences."""
    graph, without = dense([[0, 30], [40, 0]], (10, 5)), dense([[0, 30], [40, 0]], (10, 0))
    flows = flows_of(graph)
    unused = (flows.node < 0) & (flows.row == 1)
    at_zero = flows.with_samples(np.where(unused, 0.0, flows.samples))
    found = moments(at_zero, generations, curvature)
    np.testing.assert_allclose(
        found.risk, moments(flows_of(without), generations, curvature).risk, rtol=1e-12
    )

    def worst(samples):
        varied = moments(at_zero.with_samples(samples), generations, curvature)
        return float(varied.risk.sum())

    expected = approx_fprime(at_zero.samples, worst, 1e-6)
    np.testing.assert_allclose(found.slopes(np.ones(2)).by_samples()[unused], expected[unused], rtol=1e-4)


@pytest.mark.parametrize("curvature", CURVATURES)
def test_where_nothing_settles_there_is_no_limit(curvature):
    """A ring without real data, and a ring whose only real flow is at 0; the horizon is still told."""
    for graph in (ring(3, 20), ring(3, 20, 5)):
        flows = flows_of(graph)
        flows = flows.with_samples(np.where(flows.node < 0, 0.0, flows.samples))
        with pytest.raises(NoSteadyState):
            settled(flows, curvature)
        assert np.isfinite(followed(flows, 50, curvature).risk).all()


@pytest.mark.parametrize("generations", [1, 2, 3, 30])
def test_generations_that_were_not_kept_are_found_again(generations):
    """Derivatives at any horizon, a square or not, are those of differences."""
    flows = flows_of(everything(True))

    def risk(samples):
        return float(followed(flows.with_samples(samples), generations).risk.sum())

    found = followed(flows, generations).slopes(np.ones(3)).by_samples()
    np.testing.assert_allclose(found, differences(risk, flows.samples), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("what", ["start", "share", "noise"])
def test_a_derivative_with_a_part_left_out_is_caught(what):
    """Controls: generation 0 taken as given, shares as fixed, the innovation as fixed."""
    flows = flows_of(everything(False))

    def risk(samples):
        return float(followed(flows.with_samples(samples), 2).risk[:3].sum())

    slopes = followed(flows, 2).slopes(np.ones(3))
    wrong = {"start": slopes.start, "share": slopes.carried, "noise": slopes.emitted}[what] * 0
    field = {"start": "start", "share": "carried", "noise": "emitted"}[what]
    partial = derivatives.Slopes(
        **{
            name: wrong if name == field else getattr(slopes, name)
            for name in ("flows", "carried", "innovation", "emitted", "start")
        }
    )
    expected = differences(risk, flows.samples)
    np.testing.assert_allclose(slopes.by_samples(), expected, rtol=1e-6, atol=1e-9)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        np.testing.assert_allclose(partial.by_samples(), expected, rtol=1e-2, atol=1e-4)


@pytest.mark.parametrize("generations", [1, 6, None])
@pytest.mark.parametrize("curvature", CURVATURES)
@pytest.mark.parametrize("seed", range(6))
def test_fresh_real_data_lower_inflation_log_convexly(seed, curvature, generations):
    r"""At equal weights logarithms lie above their tangents, whatever archives, frozen models, starts."""
    rng = np.random.default_rng([43, seed])
    flows = flows_of(grounded(2 * seed))
    fresh = flows.node < 0
    one, other = (
        flows.with_samples(flows.samples + np.where(fresh, 10 ** rng.uniform(-1, 3, len(fresh)), 0))
        for _ in range(2)
    )
    for model in range(len(flows.system.trained)):
        coefficient = np.eye(len(flows.system.trained))[model]
        at_one, at_other = (moments(at, generations, curvature) for at in (one, other))
        low, high = (at.risk[model] / at.flows.start_risk[model] for at in (at_one, at_other))
        slopes = inflation_slopes(at_one, coefficient)
        assert (slopes[fresh] <= 1e-12).all()
        tangent = slopes[fresh] @ (other.samples - one.samples)[fresh] / low
        assert np.log(high / low) >= tangent - 1e-10


@pytest.mark.parametrize("curvature", CURVATURES)
def test_what_nothing_is_asked_of_has_no_slopes(curvature):
    """Every coefficient 0, with archives and a frozen model; and nobody trained at all."""
    flows = flows_of(everything(True))
    assert not settled(flows, curvature).slopes(np.zeros(3)).by_samples().any()
    frozen = InteractionGraph.from_parts([Source("web")], [Model("z", True, initial={"web": 5})], [])
    found = settled(flows_of(frozen), curvature)
    np.testing.assert_allclose(found.risk, [0.2])
    assert found.slopes(np.zeros(0)).by_samples().shape == (0,)


@pytest.mark.parametrize(("synthetic", "digits"), [(100_000, 1e-9), (10_000_000, 1e-6)])
def test_diversity_of_a_loop_that_forgets_slowly_in_closed_form(synthetic, digits):
    r""":math:`F = s^2 F + (s^2/m)(1 - F) + (1-s)^2/x`, so :math:`F = (x + m)/(x^2 + 2xm + m)`."""
    flows = flows_of(dense([[synthetic]], (1,)))
    x, m = 1.0, float(synthetic)
    bottom = x * x + 2 * x * m + m
    found = settled(flows, -1.0)
    assert found.settling.response is None
    assert found.risk[0] == pytest.approx((x + m) / bottom, rel=digits)
    expected = [-x * (x + 1) / bottom**2, -(x * x + 2 * x * m + 2 * m * m - m) / bottom**2]
    slopes = found.slopes(np.ones(1)).by_samples()
    # that by synthetic samples is what two terms of 1 / bottom leave of each other
    np.testing.assert_allclose(slopes, expected, rtol=digits, atol=digits / (100 * bottom))
    assert slopes[0] < 0.9 * expected[0] < 0


def slow_graph(size):
    """Each model takes from four others, budgets of 50 to a million; a few have little real data."""
    rng = np.random.default_rng(47)
    names, flows = [f"m{at}" for at in range(size)], []
    for at, name in enumerate(names):
        most = 10 ** rng.uniform(2, 6)
        for provider in rng.choice(size, 4, replace=False):
            flows.append(Flow(names[provider], name, int(most * rng.uniform(0.2, 1))))
        if at % 10 == 0:
            flows.append(Flow("web", name, int(most / 100)))
    return InteractionGraph.from_parts([Source("web")], [Model(name) for name in names], flows)


def test_diversity_of_many_slow_models_is_that_of_a_dense_solve():
    """Values and derivatives, by eigenvectors and the whole matrix between diagonals."""
    flows = flows_of(slow_graph(150))
    found = settled(flows, -1.0)
    assert found.settling.response is None
    shares = flows.matrix.toarray()
    values, right = np.linalg.eig(shares)
    left, sums = np.linalg.inv(right), 1 / (1 - np.outer(values, values))

    def summed_up(start):
        return (right @ (sums * (left @ start @ left.T)) @ right.T).real

    def adjoint(start):
        return (left.T @ (sums * (right.T @ start @ right)) @ left).real

    response = np.stack([np.diagonal(summed_up(np.diag(unit))) for unit in np.eye(150)], axis=1)
    part = flows.samples / flows.budget[flows.row]
    rate, model = part**2 / flows.samples, flows.node >= 0
    noise = np.zeros((150, 150))
    noise[flows.row[model], flows.node[model]] = rate[model]
    base = np.bincount(flows.row, rate, 150)
    innovation = np.linalg.solve(np.eye(150) + noise @ response, base)
    np.testing.assert_allclose(found.risk, response @ innovation, rtol=1e-9)

    coefficient = np.random.default_rng(9).normal(size=150)
    whole = adjoint(np.diag(np.linalg.solve(np.eye(150) + noise.T @ response.T, coefficient)))
    slopes = found.slopes(coefficient)
    largest = np.abs(whole).max()
    np.testing.assert_allclose(slopes.innovation, np.diagonal(whole), rtol=1e-8, atol=1e-9 * largest)
    carried = whole @ shares @ summed_up(np.diag(innovation))
    ends = flows.row[model], flows.node[model]
    np.testing.assert_allclose(slopes.carried[model], carried[ends], atol=1e-9 * np.abs(carried).max())


@pytest.mark.parametrize("graph", GRAPHS, ids=range(len(GRAPHS)))
def test_with_and_without_the_matrix_between_diagonals_is_the_same(monkeypatch, graph):
    """Frozen models and archives included."""
    flows = flows_of(graph)
    coefficient = np.random.default_rng(8).normal(size=len(flows.system.trained))
    answers = []
    for worth, known in ((np.inf, True), (-1.0, False)):
        monkeypatch.setattr(steady, "RESPONSE_WORTH", worth)
        found = settled(flows, -1.0)
        assert (found.settling.response is not None) == known
        answers.append([found.risk, found.slopes(coefficient).by_samples()])
    for one, other in zip(*answers, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("worth", [np.inf, -1.0])
def test_feedback_that_outgrows_what_is_lost_settles_nowhere(monkeypatch, worth):
    """One to one, a curvature of 4: the next generation has 5/4 of what is passed on."""
    monkeypatch.setattr(steady, "RESPONSE_WORTH", worth)
    with pytest.raises(NoSteadyState, match="settle nowhere"):
        _ = settled(flows_of(dense([[1]], (1,))), 4.0).risk


def test_a_solution_that_does_not_solve_is_refused(monkeypatch):
    """Whatever the solver says of it, for values and for derivatives."""
    flows = flows_of(dense([[100_000]], (1,)))
    found = settled(flows, -1.0)
    assert found.risk[0] > 0
    monkeypatch.setattr(derivatives.linalg, "gmres", lambda affine, alone, **options: (alone, 0))
    with pytest.raises(NoSteadyState, match="did not converge"):
        _ = settled(flows, -1.0).risk
    with pytest.raises(NoSteadyState, match="did not converge"):
        found.slopes(np.ones(1))
