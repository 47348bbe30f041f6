r"""Whether a series of risks grows without bound: growth models compared, not eyeballed.

Five curves are fitted to risk against generation by generalised least squares: two that stay bounded,
a constant and a saturating one :math:`a + b(1 - r^t)`, and three that do not, a line, a power
:math:`a + b t^c` and an exponential :math:`a + b e^{\lambda t}`. What the curve leaves over is
errors of each risk's own, which are given, and wandering, whose variance :math:`s^2` and correlation
:math:`\varphi^{|t-u|}` from one generation to another are estimated: a model inherits the faults of its
ancestors, and without that one wandering path would be taken for a trend. Nothing here knows of models
or samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from headwater.errors import SampleError
from headwater.samples.values import Array

BOUNDED = ("constant", "saturating")
UNBOUNDED = ("linear", "power", "exponential")
LEAST = 8
"""Generations below which the curves are not compared: they have up to five unknowns."""

CORRELATIONS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)
WANDERINGS = 28
"""Variances that are tried, from a tenth of the errors' to twice the series' own."""

MOST_POINTS = 40
"""Longer series are averaged in blocks, to this many points or fewer."""

FARTHEST = 2000
"""Generations up to which it is worth saying how many would tell."""


@dataclass(frozen=True)
class Growths:
    """How well each growth model is supported, and what is left to know.

    Attributes
    ----------
    unbounded
        True if the models without a bound have the weight; False if those with one have it, and would even
        if unknowns were free; None if neither.
    weights
        Of each model, of sum 1: Akaike's with the correction for few points [hurvich1989regression]_,
        halved between the bounded and the unbounded models before the data are looked at.
    best
        The model with the largest weight.
    correlation, wandering
        Of what the best model leaves over beyond the errors: from one generation to the next, and
        standard deviation.
    slope, slope_error
        Of the line, per generation.
    generations
        In the series.
    """

    unbounded: bool | None
    weights: Mapping[str, float]
    best: str
    correlation: float
    wandering: float
    slope: float
    slope_error: float
    generations: int

    @property
    def weight(self) -> float:
        """Of all unbounded models together."""
        return sum(self.weights[name] for name in UNBOUNDED)


def compare_growth(generations: Array, risk: Array, error: Array | None = None, bar: float = 0.95) -> Growths:
    """The growth models of `BOUNDED` and `UNBOUNDED`, held against one series.

    A saturating curve has a time constant no longer than the series, and unbounded curves rise.
    A risk that levels off more slowly than that cannot be told from divergence by any series of
    this length, and is called divergence here.

    Parameters
    ----------
    generations, risk
        (points,) increasing, and finite.
    error
        (points,) standard errors of `risk`, the least that curves may miss it by; None: not known.
    bar
        Weight of the unbounded, or of the bounded, models from which the series is said to be so.

    Raises
    ------
    SampleError
        If there are fewer than `LEAST` points, or they are not finite or not increasing.
    """
    series = _series(generations, risk, error)
    fits = _fits(series)
    weights = _weights(fits, len(series.time))
    best = max(weights, key=lambda name: weights[name])
    line = fits["linear"]
    return Growths(
        _verdict(fits, len(series.time), bar),
        weights,
        best,
        fits[best].correlation,
        fits[best].wandering ** 0.5,
        line.slope,
        line.slope_error,
        len(generations),
    )


def needed_generations(
    generations: Array, risk: Array, error: Array | None = None, bar: float = 0.95
) -> int | None:
    """Generations after which the comparison would be expected to be decided, if the best model goes on.

    Decided as by `compare_growth` at the same bar. None if that takes more than 2,000.

    Raises
    ------
    SampleError
        As `compare_growth`.
    """
    series = _series(generations, risk, error)
    fits = _fits(series)
    weights = _weights(fits, len(series.time))
    best = fits[max(weights, key=lambda name: weights[name])]
    length = series.time[-1]
    count = len(series.time)
    while count < FARTHEST:
        count = int(np.ceil(count * 1.25)) + 1
        time = np.arange(count, dtype=float) * series.step
        with np.errstate(over="ignore"):
            curve = np.asarray(best.level + best.slope * length * _basis_beyond(best, time / length), float)
        if not np.isfinite(curve).all():
            return count
        errors = np.repeat(series.error[-1], count) if series.known else None
        if _decided(_series(time, curve, errors), (best.correlation, best.wandering), bar):
            return count
    return None


@dataclass(frozen=True)
class _Series:
    time: Array
    risk: Array
    error: Array
    step: float

    @property
    def rounding(self) -> float:
        """Below this a difference of risks is none."""
        return 1e-9 * (float(np.abs(self.risk).max()) or 1.0)

    @property
    def known(self) -> bool:
        """Whether errors were given."""
        return bool((self.error > 0).any())


@dataclass(frozen=True)
class _Fit:
    """One model at its best: `level` and `slope` of the curve of this shape, wandering about it.

    `wandering` is a variance, `left` are the squares left over in units of all errors, `surprise` is twice
    the negative log-likelihood.
    """

    name: str
    surprise: float
    left: float
    correlation: float
    wandering: float
    shape: float
    level: float
    slope: float
    slope_error: float


def _series(generations: Array, risk: Array, error: Array | None) -> _Series:
    time, risk = np.asarray(generations, float), np.asarray(risk, float)
    spread = np.zeros(len(time)) if error is None else np.asarray(error, float)
    if len(time) < LEAST:
        raise SampleError(
            f"growth models of {len(time)} generations",
            f"give at least {LEAST}: they have up to five unknowns",
        )
    finite = np.isfinite(time).all() and np.isfinite(risk).all() and np.isfinite(spread).all()
    if not finite or (np.diff(time) <= 0).any():
        raise SampleError(
            "a series of risks that is not finite or whose generations do not increase",
            "give a finite risk for each generation, once, in their order",
        )
    # an error that is small by chance would make one point decide everything
    spread = np.maximum(spread, max(float(np.median(spread)) / 4, 1e-3 * float(spread.max())))
    blocks = np.array_split(np.arange(len(time)), min(len(time), MOST_POINTS))
    return _Series(
        np.array([time[block].mean() for block in blocks]) - time[0],
        np.array([risk[block].mean() for block in blocks]),
        np.array([(spread[block] ** 2).sum() ** 0.5 / len(block) for block in blocks]),
        float(np.median(np.diff(time))),
    )


def _shapes(name: str, length: float) -> Array:
    """Shapes that are tried; the length of the series is 1."""
    if name == "saturating":
        return np.geomspace(0.3 / max(length, 1.0), 1.0, 40)
    if name == "power":
        return np.concatenate([np.geomspace(0.25, 0.9, 16), np.geomspace(1.1, 5.0, 20)])
    if name == "exponential":
        return np.geomspace(0.5, 60.0, 40)
    return np.ones(1)


def _basis(name: str, shapes: Array, time: Array) -> Array:
    """(shapes, points) the part of each curve that changes; `time` runs from 0 to 1."""
    if name == "saturating":
        return np.asarray(1 - np.exp(-time / shapes[:, None]))
    if name == "exponential":
        return np.asarray(np.exp(shapes[:, None] * (time - time[-1])))
    if name == "constant":
        return np.zeros((1, len(time)))
    return np.asarray(time ** shapes[:, None])


def _noises(series: _Series) -> list[tuple[float, float]]:
    """Correlations and variances of the wandering that are tried; the variance is 1 if all is unknown."""
    if not series.known:
        return [(correlation, 1.0) for correlation in CORRELATIONS]
    least = float(np.median(series.error**2)) / 10
    variances = np.geomspace(least, max(2 * float(series.risk.var()), 20 * least), WANDERINGS).tolist()
    return [(0.0, 0.0), *((correlation, each) for correlation in CORRELATIONS for each in variances)]


def _fits(series: _Series, noises: list[tuple[float, float]] | None = None) -> dict[str, _Fit]:
    """Each model at the shape and with the wandering that suit it best."""
    noises = noises or _noises(series)
    length, points = series.time[-1], len(series.time)
    shapes = {name: _shapes(name, length / series.step) for name in (*BOUNDED, *UNBOUNDED)}
    curves = np.concatenate([_basis(name, each, series.time / length) for name, each in shapes.items()])
    owner = np.repeat(list(shapes), [len(each) for each in shapes.values()])
    shape = np.concatenate(list(shapes.values()))
    whiten, log_determinant = _whitening(series, noises)
    level, slope, left, size = _least_squares(series, curves, np.isin(owner, UNBOUNDED), whiten)
    # where errors are not known, neither is the scale of all of them
    variance = np.ones_like(left) if series.known else np.maximum(left / points, series.rounding**2)
    surprise = points * np.log(variance) + left / variance + log_determinant[:, None]
    error = np.sqrt(variance * points / max(points - 2, 1) / size) / length
    found = {}
    for name in shapes:
        ours = np.where(owner == name, surprise, np.inf)
        row, at = np.unravel_index(int(ours.argmin()), ours.shape)
        found[name] = _Fit(
            name,
            float(surprise[row, at]),
            float(left[row, at] / variance[row, at]),
            noises[row][0],
            noises[row][1] * float(variance[row, at]),
            float(shape[at]),
            float(level[row, at]),
            float(slope[row, at] / length),
            float(error[row, at]),
        )
    return found


def _whitening(series: _Series, noises: list[tuple[float, float]]) -> tuple[Array, Array]:
    """What makes all errors independent and of variance 1, and the log determinants of their covariance."""
    apart = np.abs(series.time[:, None] - series.time) / series.step
    correlation, variance = (np.array(each)[:, None, None] for each in zip(*noises, strict=True))
    # 0**0 is 1: independent points keep their own variance
    covariance = variance * correlation**apart + np.diag(series.error**2)
    root = np.linalg.cholesky(covariance)
    whiten = np.linalg.inv(root)
    return whiten, 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)


def _least_squares(
    series: _Series, curves: Array, rising: NDArray[np.bool_], whiten: Array
) -> tuple[Array, Array, Array, Array]:
    """(noises, curves) level, slope, squares left over and squares of the curve, in closed form."""
    basis = curves @ whiten.swapaxes(1, 2)
    ones, target = whiten.sum(axis=2)[:, None], (whiten @ series.risk)[:, None]
    # by orthogonal projection: what the constant explains is taken out first
    norm = (ones**2).sum(axis=2)
    rest = target - ones * ((target * ones).sum(axis=2) / norm)[..., None]
    shared = (basis @ ones.swapaxes(1, 2))[..., 0]
    whole = np.einsum("nkp,nkp->nk", basis, basis)
    size = whole - shared**2 / norm
    # the constant, and a curve that is over before the second point, have no slope: it is 0, not 0/0
    flat = size <= 1e-9 * whole
    size = np.where(flat, 1.0, size)
    slope = np.where(flat, 0.0, (basis @ rest.swapaxes(1, 2))[..., 0] / size)
    slope = np.where(rising, np.maximum(slope, 0.0), slope)
    left = np.maximum((rest**2).sum(axis=2) - slope**2 * size, 0.0)
    level = ((target * ones).sum(axis=2) - slope * shared) / norm
    return level, slope, left, size


def _weights(fits: Mapping[str, _Fit], points: int, penalised: bool = True) -> dict[str, float]:
    unknowns = {"constant": 3, "linear": 4}
    criterion = {}
    for name, fit in fits.items():
        k = unknowns.get(name, 5)
        few = 2 * k * (k + 1) / (points - k - 1)
        criterion[name] = fit.surprise + (2 * k + few if penalised else 0.0)
    least = min(criterion.values())
    group = {name: len(BOUNDED if name in BOUNDED else UNBOUNDED) for name in fits}
    raw = {name: float(np.exp((least - each) / 2)) / group[name] for name, each in criterion.items()}
    return {name: each / sum(raw.values()) for name, each in raw.items()}


FITTED = 0.8
"""Weight that unbounded models need by fit alone, without a penalty for parameters."""


def _verdict(fits: Mapping[str, _Fit], points: int, bar: float) -> bool | None:
    """Unbounded, bounded, or not told."""
    weight, by_fit = (
        sum(_weights(fits, points, penalised)[name] for name in UNBOUNDED) for penalised in (True, False)
    )
    # The penalty alone, which is large for few points, is no evidence for a line, nor against growth.
    if weight >= bar and by_fit >= FITTED:
        return True
    return False if max(weight, by_fit) <= 1 - bar else None


def _basis_beyond(fit: _Fit, time: Array) -> Array:
    """The changing part past the end of the series, in the units of the fit."""
    if fit.name == "exponential":
        return np.asarray(np.exp(fit.shape * (time - 1.0)))
    return np.asarray(_basis(fit.name, np.array([fit.shape]), time)[0])


def _decided(series: _Series, noise: tuple[float, float], bar: float) -> bool:
    """Whether a series without noise, but with this noise expected, would be decided in the mean."""
    points = len(series.time)
    # the noise, which the bare curve lacks, is expected to leave about one unit a point
    expected = {
        name: replace(fit, surprise=points * float(np.log(1 + fit.left / points)))
        for name, fit in _fits(series, [noise]).items()
    }
    return _verdict(expected, points, bar) is not None
