"""Modes of real data, found once, and how much of each a sample still has.

A mode is a bump of density with a valley around it, not a component of a mixture: several Gaussians
may make one bump.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.numeric.mode_directions import FLOOR, VALLEY, View
from headwater.measures.numeric.resampling import check_count, check_level
from headwater.measures.numeric.tail_mass import mass_ratio
from headwater.samples.values import Array, Sample

Labels = NDArray[np.intp]
MOST_MODES = 24
ROWS = 4_000
"""Rows that a mixture is fitted to, at most."""
LEAST = 0.01
"""Share of the rows below which a bump is taken for part of the next one."""
RARE = 1e-3
"""Share of real rows that are taken for being in no mode."""


@dataclass(frozen=True, eq=False)
class _Mixture:
    """Gaussians: weights (components,), means (components, d), Cholesky factors of the precisions."""

    weights: Array
    means: Array
    factors: Array

    @staticmethod
    def of_groups(rows: Array, labels: Labels, groups: int) -> _Mixture:
        """One Gaussian a group of rows, none of them empty."""
        parts = [rows[labels == group] for group in range(groups)]
        means = np.array([part.mean(axis=0) for part in parts])
        own = [np.atleast_2d(np.cov(part, rowvar=False, bias=True)) for part in parts]
        # beside a direction that is stretched far a fixed floor is lost in rounding
        covariances = np.array(
            [each + max(FLOOR, 1e-9 * float(np.trace(each))) * np.eye(len(each)) for each in own]
        )
        weights = np.array([len(part) for part in parts]) / len(rows)
        factors = np.linalg.inv(np.linalg.cholesky(covariances)).transpose(0, 2, 1)
        return _Mixture(weights, means, factors)

    def log_densities(self, rows: Array) -> Array:
        """(rows, components) logarithm of weight times density."""
        log_det = np.log(np.diagonal(self.factors, axis1=1, axis2=2)).sum(axis=1)
        constant = np.log(self.weights) + log_det - rows.shape[1] / 2 * np.log(2 * np.pi)
        away = [(rows - mean) @ factor for mean, factor in zip(self.means, self.factors, strict=True)]
        return np.asarray(constant - 0.5 * np.stack([(each**2).sum(axis=1) for each in away], axis=1))

    def ridge(self, one: int, other: int) -> Array:
        """(points, d) on the curve from mean to mean on which two Gaussians have all their peaks and valleys.

        See [ray2005topography]_.
        """
        steps = np.linspace(0, 1, 21)[:, None, None]
        left, right = (self.factors[each] @ self.factors[each].T for each in (one, other))
        precision = (1 - steps) * left + steps * right
        pull = (1 - steps) * (left @ self.means[one])[:, None] + steps * (right @ self.means[other])[:, None]
        return np.linalg.solve(precision, pull)[:, :, 0]


@dataclass(frozen=True, eq=False)
class RealModes:
    """The modes of real data, made by `fit_modes`.

    Attributes
    ----------
    masses
        (modes,) share of the real rows in each, largest first.
    mode_of
        (components,) the mode that each Gaussian of the mixture is part of.
    outside
        Log density that one real row in a thousand is below.
    """

    masses: Array
    mode_of: Labels
    outside: float
    view: View
    mixture: _Mixture

    def __len__(self) -> int:
        """Modes."""
        return len(self.masses)

    def assign(self, rows: Array) -> tuple[Labels, Array]:
        """The mode of each of (rows, features), (rows,), and (rows, modes) chances that sum to 1."""
        parts = self.mixture.log_densities(self.view(rows))
        parts = np.exp(parts - parts.max(axis=1, keepdims=True))
        chances = parts @ np.eye(len(self))[self.mode_of]
        chances /= chances.sum(axis=1, keepdims=True)
        return chances.argmax(axis=1), chances

    def ambiguity(self, rows: Array) -> Array:
        """(rows,) from 0, plainly of one mode, to 1, as likely of each: what lies between modes.

        All 0 where there is but one mode.
        """
        if len(self) == 1:
            return np.zeros(len(rows))
        top = self.assign(rows)[1].max(axis=1)
        return np.asarray(np.clip((1 - top) * len(self) / (len(self) - 1), 0, 1))

    def log_density(self, rows: Array) -> Array:
        """(rows,) of the mixture, in the directions that are looked at."""
        return np.asarray(np.logaddexp.reduce(self.mixture.log_densities(self.view(rows)), axis=1))

    def beyond(self, rows: Array) -> NDArray[np.bool_]:
        """(rows,) whether a row lies where only one real row in a thousand does, or fewer."""
        return self.log_density(rows) < self.outside


def fit_modes(
    reference: Sample, seed: int, most_modes: int = MOST_MODES, known: int | None = None
) -> RealModes:
    """The modes of real data.

    In the ten directions, at most, along which far rows differ most from near ones (`View`), a mixture
    of Gaussians is fitted to at most 4,000 rows, its number of components by BIC
    [schwarz1978estimating]_. Components without a valley between them are one mode [hennig2010methods]_.

    Wrong where modes hold less than a hundredth of the rows, or have so few rows, a dozen a direction,
    that BIC does not pay for them. A feature of very few values has a mode at each.

    Parameters
    ----------
    seed
        Which rows are taken, and where the fits start.
    known
        The number of modes, if it is known; they are then found by k-means, and none are merged.

    Raises
    ------
    SampleError
        If the sample is not numeric, or has fewer distinct rows than modes are known.
    """
    if reference.kind != "numeric":
        raise SampleError(f"modes of a {reference.kind} sample", "give a numeric one")
    view = View.of(reference.rows, seed)
    rows = view(reference.thinned(ROWS, seed).rows)
    distinct = len(np.unique(rows, axis=0))
    if known is None:
        mixture = _best(rows, min(most_modes, distinct), seed)
        mode_of = _merged(mixture, rows)
    elif known <= distinct:
        mixture, mode_of = _by_groups(rows, known, seed), np.arange(known)
    else:
        raise SampleError(f"{distinct} distinct rows have no {known} modes", "say a lower number of modes")
    first = RealModes(np.ones(mode_of.max() + 1), mode_of, -np.inf, view, mixture)
    counts = np.bincount(first.assign(reference.rows)[0], minlength=len(first))
    order = np.argsort(-counts, kind="stable")
    outside = float(np.quantile(first.log_density(reference.rows), RARE))
    return RealModes(counts[order] / len(reference), np.argsort(order)[mode_of], outside, view, mixture)


def _by_groups(rows: Array, groups: int, seed: int) -> _Mixture:
    from sklearn.cluster import KMeans

    labels = KMeans(groups, n_init=3, random_state=seed).fit(rows).labels_
    return _Mixture.of_groups(rows, labels.astype(np.intp), groups)


def _best(rows: Array, most: int, seed: int) -> _Mixture:
    """Of the mixtures with ever more components, that with the least BIC; three worse in a row end it."""
    found: list[tuple[float, int, _Mixture]] = []
    for place, (mixture, parameters) in enumerate(_mixtures(rows, most, seed)):
        likelihood = float(np.logaddexp.reduce(mixture.log_densities(rows), axis=1).sum())
        found.append((parameters * np.log(len(rows)) - 2 * likelihood, place, mixture))
        if min(found)[1] < place - 2:
            break
    return min(found)[2]


def _mixtures(rows: Array, most: int, seed: int) -> Iterator[tuple[_Mixture, int]]:
    """Mixtures and how many parameters each has; of one component, two, three, four, six, eight ..."""
    total, d = rows.shape
    yield _Mixture.of_groups(rows, np.zeros(total, dtype=np.intp), 1), d + d * (d + 1) // 2
    # Too many components do no harm, they are merged; so not every number is tried.
    numbers = sorted({2, 3} | {2**power * base for power in range(1, 7) for base in (2, 3)})
    for components in (each for each in numbers if each <= min(most, total // 20)):
        full = total >= 10 * d * components
        fit = _fit(rows, components, full, seed)
        if fit is None:
            continue
        factors = fit.precisions_cholesky_
        factors = factors if full else np.array([np.diag(each) for each in factors])
        free = d * (d + 1) // 2 if full else d
        yield _Mixture(fit.weights_, fit.means_, factors), components * (1 + d + free) - 1


def _fit(rows: Array, components: int, full: bool, seed: int) -> Any:
    """A mixture of so many normals; None where scikit-learn cannot fit one.

    Features of few values, such as pixels that are nearly always 0, make covariances singular: the floor
    is then raised, a hundredfold each time.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    for floor in (FLOOR, 1e2 * FLOOR, 1e4 * FLOOR):
        fit = GaussianMixture(
            components,
            covariance_type="full" if full else "diag",
            reg_covar=floor,
            max_iter=50,
            random_state=seed,
        )
        with warnings.catch_warnings():
            # A fit that was stopped early is a mixture like any, and BIC judges it.
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                return fit.fit(rows)
            except ValueError:
                # the covariances cannot be factored
                continue
    return None


def _merged(mixture: _Mixture, rows: Array) -> Labels:
    """(components,) the mode each is part of.

    From the highest pass between components to the lowest, two groups become one unless the lower of
    their peaks stands well above the pass, as in clustering by persistence [chazal2013persistence]_,
    and the rows themselves are few there.
    """
    peaks = np.logaddexp.reduce(mixture.log_densities(mixture.means), axis=1)
    pairs = [(one, other) for one in range(len(peaks)) for other in range(one)]
    passes = [
        float(np.logaddexp.reduce(mixture.log_densities(mixture.ridge(*pair)), axis=1).min())
        for pair in pairs
    ]
    mode_of = np.arange(len(peaks))
    order = np.argsort(passes)[::-1]
    for place in order:
        groups = [mode_of == mode_of[each] for each in pairs[place]]
        tops = [int(np.where(group, peaks, -np.inf).argmax()) for group in groups]
        if tops[0] == tops[1]:
            continue
        stands_out = passes[place] < peaks[tops].min() + np.log(VALLEY)
        # a component that fills the valley itself is no end of it: its group's top is
        ends = [
            top if peaks[top] > peaks[end] - np.log(VALLEY) else end
            for top, end in zip(tops, pairs[place], strict=True)
        ]
        if not (stands_out and _valley(mixture, rows, ends)):
            mode_of[groups[0] | groups[1]] = mode_of[groups[0]].min()
    for place in order:  # what is too small for a mode goes over the highest pass there is
        one, other = (mode_of == mode_of[each] for each in pairs[place])
        if min(mixture.weights[one].sum(), mixture.weights[other].sum()) < LEAST:
            mode_of[one | other] = mode_of[one].min()
    return np.unique(mode_of, return_inverse=True)[1]


def _valley(mixture: _Mixture, rows: Array, pair: list[int]) -> bool:
    """Whether rows are surely few somewhere on the way between two components.

    Gaussians that tile a flat density have valleys between them that the density has not; so rows
    are counted, in a tube around the line from mean to mean, at its ends and in between.
    """
    ends = mixture.means[pair]
    left, right = (np.linalg.inv(mixture.factors[each]) for each in pair)
    pooled = (left.T @ left + right.T @ right) / 2
    root = np.linalg.inv(np.linalg.cholesky(pooled)).T
    way = (ends[1] - ends[0]) @ root
    length = float(way @ way)
    if length == 0:
        return False
    white = (rows - ends[0]) @ root
    along = white @ way / length
    aside = (white**2).sum(axis=1) - along**2 * length
    theirs = np.isin(mixture.log_densities(rows).argmax(axis=1), pair)
    if not theirs.any():
        return False
    tube = along[aside <= np.quantile(aside[theirs], 0.9)]
    steps = int(
        np.clip(np.sqrt(length), 5, 100)
    )  # a bin is as wide as a component or less, ends at half of one
    counts = np.histogram(tube, bins=steps + 1, range=(-0.5 / steps, 1 + 0.5 / steps))[0]
    lowest = counts[1:-1].min()
    return bool(lowest + 2 * np.sqrt(lowest + 1) < VALLEY * min(counts[0], counts[-1]))


@dataclass(frozen=True)
class Modes:
    """Share of real modes that a sample still has, and in its parts how much of each.

    A mode counts as lost when its mass is below `share` of its real mass by the upper end of its
    interval: not when there are too few rows to tell. The lower end of the value's interval counts
    the modes that are above `share` by the lower end of theirs.

    Parts are mass in the sample over mass in the reference, 1 where healthy, with intervals that
    allow for both being finite (`tail_mass.mass_ratio`). Rows where one real row in a thousand lies
    or fewer are of no mode; if there are surely twice as many of them, a note says so, and how many
    bumps they make. With a single real mode the value only says that it is there. What a mode is, see
    `fit_modes`.
    """

    share: float = 0.1
    most_modes: int = MOST_MODES
    known: int | None = None
    level: float = 0.95
    seed: int = 0

    about: ClassVar[About] = About("modes", ("numeric",), "higher", 0, 1, "1: every real mode is there")

    def __post_init__(self) -> None:
        check_level(self.level)
        check_count("most_modes", self.most_modes, 1)
        if self.known is not None:
            check_count("known", self.known, 1)
        if not 0 < self.share < 1:
            raise SampleError(f"share={self.share!r} of a mode's mass", "give a number between 0 and 1")

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """How many modes of `reference` are in `sample`."""
        check_pair(self.about, sample, reference)
        real = fit_modes(reference, self.seed, self.most_modes, self.known)
        here, there = (_counts(real, each.rows) for each in (sample, reference))
        ratio = (here / len(sample)) / (there / len(reference))
        low, high = mass_ratio(here, len(sample), there, len(reference), self.level)
        ends = zip(ratio.tolist(), low.tolist(), high.tolist(), strict=True)
        return Estimate(
            float((high >= self.share).mean()),
            float((low >= self.share).mean()),
            float((high >= self.share).mean()),
            self.level,
            "exact, mode by mode",
            {f"mode {place + 1}": each for place, each in enumerate(ends)},
            notes=(f"{len(real)} real modes", *_extra(self, real, sample, reference)),
        )


def _counts(real: RealModes, rows: Array) -> Labels:
    labels, _ = real.assign(rows)
    return np.bincount(labels[~real.beyond(rows)], minlength=len(real))


def _extra(metric: Modes, real: RealModes, sample: Sample, reference: Sample) -> tuple[str, ...]:
    """A note on rows outside all real modes, if they are surely twice as many as among real rows."""
    beyond, usual = (real.beyond(each.rows) for each in (sample, reference))
    surely, _ = mass_ratio(beyond.sum(), len(beyond), usual.sum(), len(usual), metric.level)
    if surely <= 2:
        return ()
    bumps = len(fit_modes(sample.take(np.flatnonzero(beyond)), metric.seed, metric.most_modes))
    plural = "s" if bumps > 1 else ""
    return (f"{beyond.mean():.1%} of the sample's rows are in no real mode, in {bumps} bump{plural}",)
