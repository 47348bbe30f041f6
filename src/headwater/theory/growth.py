"""How fast risk grows: per strong component, from the operator its second moments follow.

A model's growth is the worst among the components it descends from. Ungrounded components
need no numbers. Grounded ones need them only where the law feeds error back into noise: a
family with positive curvature, fitted variances, or least squares near as many features as
samples can be grounded and yet explode.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.linalg import eigh

from headwater.theory.least_squares import PooledLeastSquares
from headwater.theory.pooled import Pooled
from headwater.theory.recursion import Recursion, conjugate, diagonal_of_conjugate
from headwater.theory.solving import factorised
from headwater.theory.spread import Fitted, Quadratic
from headwater.theory.system import Array, Draws, System, start_from
from headwater.theory.windowed import Windowed

Growth = Literal["bounded", "linear", "exponential", "unknown"]

MOST_STEPS = 3000
TOLERANCE = 1e-7

CRITICAL = 1e-8
"""Distance from 1 at which growth is linear for as long as anybody looks."""

UNDECIDED = 1e-4
"""Distance from 1 within which an estimate of the radius decides nothing."""

EIGENVALUES_UP_TO = 300
"""Slots up to which bounds come from generalised eigenvalues, a cube in the slots."""


@dataclass(frozen=True, slots=True)
class Radius:
    """On which side of 1 the spectral radius of a component's second-moment operator lies.

    Bounds, or (fitted variances, and least squares on more than `EIGENVALUES_UP_TO` models) a
    settled estimate give and take `UNDECIDED`.
    """

    lower: float
    upper: float

    @property
    def growth(self) -> Growth:
        """What they decide."""
        if abs(self.lower - 1) < CRITICAL and abs(self.upper - 1) < CRITICAL:
            return "linear"
        if self.upper < 1:
            return "bounded"
        return "exponential" if self.lower > 1 else "unknown"


def component_radius(recursion: Recursion, members: np.ndarray) -> Radius:
    r"""Bounds on the spectral radius of the second-moment operator of one grounded component.

    The operator :math:`\mathcal{L}(G) = M G M^\top + \mathrm{diag}(\cdot)` keeps the cone of positive
    semidefinite matrices, and that of nonnegative ones where no coefficient is negative. For X
    inside the cone and a, b with :math:`a X \preceq \mathcal{L}(X) \preceq b X` the radius lies between
    a and b. Cheap sufficient bounds are tried first, then power iteration.

    Parameters
    ----------
    recursion
        A law on a graph.
    members : (members,) int
        Positions of the component's models among ``recursion.system.trained``.
    """
    if isinstance(recursion, Pooled):
        return _pool_radius(recursion, members)
    if isinstance(recursion, Windowed):
        mean = replace(recursion, system=_component(recursion.system, members))
        quick = _quick_bound(mean)
        if quick < 1:
            return Radius(0.0, quick ** (1 / mean.window))
        return _power_iteration(mean, elementwise=isinstance(mean.spread, Quadratic))[0]
    assert isinstance(recursion, PooledLeastSquares)
    regression = replace(recursion, system=_component(recursion.system, members))
    if (regression.system.count >= 2 * regression.features + 1).all():
        return Radius(0.0, np.nextafter(1.0, 0.0))
    return _power_iteration(regression, elementwise=False)[0]


def _pool_radius(recursion: Pooled, members: np.ndarray) -> Radius:
    r"""Of the map by which a pool's mean square feeds itself; above 1 it grows as a power of time.

    A whole pool averages every fluctuation away. A draw of N from it does not: with Q the mean
    squares of the pools, :math:`dQ/d\ln t = (W\,\mathrm{diag}(h) - 1)\,Q + \ldots`, h being what a unit of Q
    adds to the mean square that a model emits: :math:`(1 + v_2)/N` for quadratic variances, and for
    fitted ones :math:`1 + 1/N` with ddof 1 and 1 with ddof 0, which has a ceiling.
    """
    spread, system = recursion.spread, recursion.system
    bounded = Radius(0.0, float(np.nextafter(1.0, 0.0)))
    if not recursion.subsample or not spread.exact:
        return bounded
    if isinstance(spread, Quadratic):
        fed = (1 + spread.curvature) / system.budget[members]
    elif isinstance(spread, Fitted) and spread.ddof == 1:
        fed = 1 + 1 / system.budget[members]
    else:
        return bounded
    block = sparse.csr_array(system.share[members][:, members])
    return _perron(sparse.csr_array(block @ sparse.diags_array(fed)))


def _quick_bound(recursion: Windowed) -> float:
    """An upper bound from a sparse matrix: no error exceeds the mean of those it is made of."""
    spread, system = recursion.spread, recursion.system
    between = system.share
    if isinstance(spread, Quadratic):
        if spread.curvature <= 0:
            return float(np.nextafter(1.0, 0.0))
        bound = between + spread.curvature * system.noise
    else:
        assert isinstance(spread, Fitted)
        count = recursion.window * system.count
        bound = sparse.diags_array(count / (count - spread.ddof)) @ between
    return _perron(sparse.csr_array(bound)).upper


def _perron(matrix: sparse.csr_array) -> Radius:
    """Bounds on the radius of a nonnegative irreducible matrix B, on which side of 1 it lies.

    If x = (I - B)^-1 1 is positive then B x = x - 1 and the radius is at most 1 - 1/max(x)
    (Collatz-Wielandt); otherwise it is at least 1, and ratios of a shifted power iteration bound
    it from below.
    """
    size = matrix.shape[0]
    vector = np.ones(size)
    solved = factorised(sparse.csr_array(sparse.eye_array(size) - matrix))(vector)
    if np.isfinite(solved).all() and (solved > 0).all():
        return Radius(0.0, float(1 - 1 / solved.max()))
    lower, upper = 0.0, np.inf
    for _ in range(MOST_STEPS):
        image = matrix @ vector
        ratio = image / vector
        lower, upper = max(lower, float(ratio.min())), min(upper, float(ratio.max()))
        if lower > 1 + CRITICAL or upper - lower < CRITICAL / 10:
            break
        vector = image + vector
        vector /= vector.max()
    return Radius(lower, upper)


def growth_factor(recursion: Recursion, members: np.ndarray) -> float:
    """By how much risk in an exploding component multiplies a generation, in the long run.

    The spectral radius of the component's operator, to about six digits.

    Parameters
    ----------
    members : (members,) int
        As in `component_radius`.
    """
    assert isinstance(recursion, Windowed | PooledLeastSquares)
    alone = replace(recursion, system=_component(recursion.system, members))
    return _power_iteration(alone, elementwise=False, decide=False)[1]


def _power_iteration(
    recursion: Windowed | PooledLeastSquares, elementwise: bool, decide: bool = True
) -> tuple[Radius, float]:
    """Bounds that tighten until they decide, and the estimate at that point.

    Where bounds are not to be had (fitted variances, or too many slots for eigenvalues) the
    settled estimate decides, unless it is within `UNDECIDED` of 1.
    """
    operator, size = _operator(recursion)
    moments = np.eye(size)
    fitted = (
        np.ones(size) if isinstance(recursion, Windowed) and isinstance(recursion.spread, Fitted) else None
    )
    bounded = fitted is None and (elementwise or size <= EIGENVALUES_UP_TO)
    lower, upper, before, estimate = 0.0, np.inf, 0.0, 0.0
    for step in range(MOST_STEPS):
        image, fitted_image = operator(moments, fitted)
        total = np.trace(moments) + (0 if fitted is None else fitted.sum())
        estimate = float((np.trace(image) + (0 if fitted_image is None else fitted_image.sum())) / total)
        if decide and bounded and (elementwise or step % 5 == 4):
            least, most = _ratios(image, moments) if elementwise else _pencil(image, moments)
            lower, upper = max(lower, least), min(upper, most)
            if upper < 1 or lower > 1 + CRITICAL:
                break
        if step > 50 and abs(estimate - before) < TOLERANCE * 1e-3:
            if abs(estimate - 1) < CRITICAL:
                lower, upper = estimate, estimate
            elif not bounded:
                lower, upper = estimate - UNDECIDED, estimate + UNDECIDED
            break
        before = estimate
        moments = (moments + image) / total
        fitted = None if fitted is None or fitted_image is None else (fitted + fitted_image) / total
    return Radius(lower, float(upper)), estimate


def _ratios(image: Array, moments: Array) -> tuple[float, float]:
    """Bounds from the entries that are positive, those that the diagonal ever feeds.

    The others, pairs of models in different classes of a periodic component, decay with the
    square of the radius of W.
    """
    fed = moments > 0
    ratio = image[fed] / moments[fed]
    return float(ratio.min()), float(ratio.max()) if not image[~fed].any() else np.inf


def _pencil(image: Array, moments: Array) -> tuple[float, float]:
    """Bounds from the generalised eigenvalues."""
    found = eigh(image, moments, eigvals_only=True)
    return float(found[0]), float(found[-1])


def _operator(
    recursion: Windowed | PooledLeastSquares,
) -> tuple[Callable[[Array, Array | None], tuple[Array, Array | None]], int]:
    """The linear part of one step, on moments and (where variances are fitted) variances."""
    transition, readout, system = recursion.transition, recursion.readout, recursion.system
    trained = len(system.trained)
    place = np.arange(trained)
    nothing = np.zeros(trained)

    def step(moments: Array, fitted: Array | None) -> tuple[Array, Array | None]:
        error = diagonal_of_conjugate(readout, moments)
        image = conjugate(transition, moments)
        carried = np.diagonal(image)[:trained].copy()
        if fitted is None:
            constant = recursion.settled_innovation(nothing, nothing)
            image[place, place] += recursion.settled_innovation(carried, error) - constant
            return image, None
        assert isinstance(recursion, Windowed) and isinstance(recursion.spread, Fitted)
        within = recursion.spread.within(error, readout @ fitted, recursion.window * system.count)
        image[place, place] += system.noise @ within
        return image, np.concatenate([system.share @ (within + error), fitted[:-trained]])

    return step, transition.shape[0]


def _component(system: System, members: np.ndarray) -> System:
    """The system of one component, everything that enters it left out."""
    size = len(members)
    none = np.zeros(0, dtype=np.int32)
    place = np.arange(size, dtype=np.int32)
    inside = sparse.csr_array(system.share[members][:, members])
    return replace(
        system,
        trained=system.trained[members],
        frozen=none,
        archives=none,
        share=inside,
        fresh_share=np.zeros(size),
        noise=sparse.csr_array(system.noise[members][:, members]),
        source_noise=np.zeros(size),
        count=system.count[members],
        mass=system.mass[members],
        square_mass=system.square_mass[members],
        budget=system.budget[members],
        samples=sparse.csr_array(system.samples[members][:, members]),
        archive_size=np.zeros(0),
        start=start_from(
            Draws(place, np.full_like(place, -1), system.count[members], np.ones(size)), np.zeros(0), size
        ),
    )
