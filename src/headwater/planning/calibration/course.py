r"""How risk runs with the generations where noise and bias have a size, and what one history may do.

With x the squared error that theory's clocks build up, noise and bias together, and S a curve
that may flatten or steepen, risk is expected at floor + S(x); one history of a model with few
effective dimensions strays from that, and strays for long. This module is the law of a history
given its parameters; `headwater.planning.calibration.particles` finds what these may be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from headwater.planning.calibration.clocks import Clock
from headwater.planning.calibration.particles import Prior
from headwater.theory.system import Array, Index

PARAMETERS = (
    "level",
    "noise",
    "bias",
    "first bias",
    "curve",
    "bend",
    "scatter",
    "measuring",
)
"""What a particle holds, in order; see `PRIOR`."""

PRIOR = Prior(
    mean=np.array([0.0, -0.2, -1.2, 0.0, 0.0, 0.6, np.log(0.4), np.log(0.01)]),
    deviation=np.array([1.0, 1.4, 1.2, 1.2, 2.0, 0.8, 2.6, 1.2]),
)
r"""In units of the measurements' range R.

Expected risk at generation 0 about the first measurement, in R; log of what noise adds over the
generations measured, in R; log of what bias adds over them, in :math:`\sqrt R`; bias of generation
0, in :math:`\sqrt R`; log of the curve's :math:`\kappa R`; its bend :math:`\lambda`; log of 2/d for d
effective dimensions; log of the standard error of one measurement, in R.
"""

CUBE = 1 / 3
"""Power in which a gamma variable is nearly normal [wilson1931distribution]_."""
LEAST_BUILT = 0.3
"""Of a clock over the generations measured, so that one that stands still scales nothing."""
JITTER = 1e-10


@dataclass(frozen=True)
class History:
    """One run of one model: generations measured, risk, and squared standard errors (0: not given)."""

    generation: Index
    risk: Array
    variance: Array


@dataclass(frozen=True)
class Expected:
    """Of every particle, at some generations: (particles, generations) each.

    Attributes
    ----------
    generation : (generations,)
        Which these are.
    rise
        Expected risk above the floor.
    scatter
        Relative standard deviation of one history about that.
    own
        Share of the variance that is of noise alone, the rest being noise that meets bias.
    """

    generation: Index
    rise: Array
    scatter: Array
    own: Array


@dataclass(frozen=True)
class Read:
    """Particles in units of the measurements: (particles,) each, as `Course` reads them."""

    noise: Array
    bias: Array
    first_bias: Array
    curve: Array
    bend: Array
    scatter: Array
    measuring: Array
    floor: Array


@dataclass(frozen=True)
class Course:
    """The law of one model's histories.

    Attributes
    ----------
    clock
        How noise and bias build up, as far as is asked.
    histories
        Measured; one for each run.
    least
        Risk of a perfect model, below which no floor can lie.
    """

    clock: Clock
    histories: Sequence[History]
    least: float

    @property
    def origin(self) -> float:
        """The first measurement."""
        return float(min(self.histories, key=lambda each: each.generation[0]).risk[0])

    @property
    def scale(self) -> float:
        """R, the range of the measurements."""
        risk = np.concatenate([each.risk for each in self.histories])
        return max(float(np.ptp(risk)), 1e-6 * float(np.abs(risk).max()), 1e-100)

    def read(self, particles: Array) -> Read:
        """What particles mean in units of the measurements."""
        scale, column = self.scale, particles.T
        noise = scale * np.exp(column[1]) / self._built(self.clock.noise)
        bias = np.sqrt(scale) * np.exp(column[2]) / self._built(self.clock.depth)
        first_bias = np.sqrt(scale) * column[3]
        curve, bend = np.exp(column[4]) / scale, column[5]
        first = curved(noise + first_bias**2, curve, bend)
        return Read(
            noise=noise,
            bias=bias,
            first_bias=first_bias,
            curve=curve,
            bend=bend,
            scatter=np.exp(column[6] / 2),
            measuring=scale * np.exp(column[7]),
            floor=self.origin + scale * column[0] - first,
        )

    def expected(self, read: Read, generation: Index) -> Expected:
        """Expected rise above the floor, and how histories scatter about it."""
        noise = read.noise[:, None] * self.clock.noise[generation]
        squared = (read.first_bias[:, None] + read.bias[:, None] * self.clock.depth[generation]) ** 2
        built = noise + squared
        curve, bend = read.curve[:, None], read.bend[:, None]
        rise = curved(built, curve, bend)
        # of |e|^2 in d dimensions, carried through the curve by its slope
        slope = built * (1 + curve * built) ** (bend - 1) / rise
        relative = np.sqrt(noise**2 + 2 * noise * squared) / built
        return Expected(
            generation, rise, read.scatter[:, None] * relative * slope, noise / (noise + 2 * squared)
        )

    def log_likelihood(self, particles: Array) -> Array:
        """(particles,) of all histories, minus infinity where a measurement lies below the floor."""
        with np.errstate(all="ignore"):
            read = self.read(particles)
            total = np.where(read.floor >= self.least, 0.0, -np.inf)
            for history in self.histories:
                total = total + self._of_history(read, history)
        return np.where(np.isfinite(total), total, -np.inf)

    def _of_history(self, read: Read, history: History) -> Array:
        expected = self.expected(read, history.generation)
        above = history.risk - read.floor[:, None]
        good = (above > 0).all(axis=1) & (np.isfinite(expected.rise) & (expected.rise > 0)).all(axis=1)
        covariance = self.covariance(expected, expected)
        covariance += _diagonal(self._measured(read, expected, history))
        good &= np.isfinite(covariance).all(axis=(1, 2))
        covariance[~good] = np.eye(len(history.risk))
        root = np.linalg.cholesky(covariance)
        away = np.where(above > 0, above / expected.rise, 1.0) ** CUBE - _centre(expected)
        away[~good] = 0
        scaled = np.linalg.solve(root, away[:, :, None])[:, :, 0]
        jacobian = (CUBE - 1) * np.log(above) - CUBE * np.log(expected.rise)
        density = -0.5 * (scaled**2).sum(axis=1) - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        return np.where(good, density + jacobian.sum(axis=1), -np.inf)

    def covariance(self, first: Expected, second: Expected) -> Array:
        """(particles, generations, generations) of cube roots of rises over what is expected."""
        correlation = self.clock.correlation[np.ix_(first.generation, second.generation)]
        own = np.sqrt(first.own[:, :, None] * second.own[:, None, :])
        met = np.sqrt((1 - first.own)[:, :, None] * (1 - second.own)[:, None, :])
        scatter = first.scatter[:, :, None] * second.scatter[:, None, :]
        return np.asarray(CUBE**2 * scatter * (own * correlation**2 + met * correlation))

    def continued(
        self, particles: Array, history: History | None, generation: Index, rng: Generator
    ) -> tuple[Array, Array]:
        """How the history may go on: one draw of every particle.

        Parameters
        ----------
        history
            What is known of this run; None for a run of which nothing is.
        generation : (generations,)
            When to look.

        Returns
        -------
        tuple of (particles, generations)
            Risk as it is, and as it is measured.
        """
        read = self.read(particles)
        ahead = self.expected(read, generation)
        centre, covariance = _centre(ahead), self.covariance(ahead, ahead)
        if history is not None:
            seen = self.expected(read, history.generation)
            known = self.covariance(seen, seen) + _diagonal(self._measured(read, seen, history))
            between = self.covariance(seen, ahead)
            gain = np.linalg.solve(known, between)
            above = np.maximum(history.risk - read.floor[:, None], 0.0)
            away = (above / seen.rise) ** CUBE - _centre(seen)
            centre = centre + np.einsum("pot,po->pt", gain, away)
            covariance = covariance - np.einsum("pot,pos->pts", between, gain)
        draws = rng.standard_normal((2, *centre.shape))
        root = _root(covariance)
        cubes = centre + np.einsum("pts,ps->pt", root, draws[0])
        risk = read.floor[:, None] + ahead.rise * np.maximum(cubes, 0.0) ** (1 / CUBE)
        return risk, np.maximum(risk + read.measuring[:, None] * draws[1], self.least)

    def _measured(self, read: Read, expected: Expected, history: History) -> Array:
        """(particles, generations) variance that measuring adds to the cube root."""
        variance = read.measuring[:, None] ** 2 + history.variance
        return np.asarray(CUBE**2 * variance / expected.rise**2 + JITTER)

    def _built(self, values: Array) -> float:
        """How far a clock went over the generations measured."""
        seen = values[np.unique(np.concatenate([each.generation for each in self.histories]))]
        return max(float(np.ptp(seen)), LEAST_BUILT)


def curved(built: Array, curve: Array, bend: Array) -> Array:
    r""":math:`S(x) = ((1 + \kappa x)^\lambda - 1) / (\kappa\lambda)`: straight at :math:`\lambda = 1`.

    Below 1 it flattens (a logarithm at 0, a ceiling below), above it steepens.
    """
    bend = np.where(np.abs(bend) < 1e-3, 1e-3, bend)
    return np.asarray(np.expm1(bend * np.log1p(curve * built)) / (curve * bend))


def _centre(expected: Expected) -> Array:
    """Mean of the cube root of a gamma variable with mean 1."""
    return np.asarray(1 - CUBE * (1 - CUBE) / 2 * expected.scatter**2)


def _diagonal(values: Array) -> Array:
    """(particles, generations, generations) with the values on the diagonal."""
    return np.asarray(values[:, :, None] * np.eye(values.shape[1]))


def _root(covariance: Array) -> Array:
    """A root of every matrix; what rounding made negative is zero."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :])
