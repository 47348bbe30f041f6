"""Laws of real data, and models that have lost or gained one thing each; plain draws, no code under test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]
World = Callable[[Generator, int], Array]

CENTRES = np.array([(-6.0, -3.0), (6.0, -3.0), (0.0, 6.0), (0.0, 0.0)])
WEIGHTS = (0.35, 0.35, 0.25, 0.05)
CORNERS = 8 * np.eye(8)


def modes(rng: Generator, rows: int, weights=WEIGHTS, width: float = 0.35) -> Array:
    """Three modes in a triangle and a small one in the middle."""
    return CENTRES[rng.choice(4, rows, p=weights)] + width * rng.normal(size=(rows, 2))


def without_the_middle(rng: Generator, rows: int) -> Array:
    """The mode of 5 % is gone: no tail, little variance and hardly any risk with it."""
    return modes(rng, rows, np.array([0.35, 0.35, 0.25, 0.0]) / 0.95)


def uneven(rng: Generator, rows: int) -> Array:
    """Modes of 47 % and 23 % for two of 35 %: every mode and tail keeps more than six tenths."""
    return modes(rng, rows, (0.47, 0.23, 0.25, 0.05))


def without_tails(rng: Generator, rows: int) -> Array:
    """What lies beyond the real 3 % quantiles, or outside of the innermost 97 %, is drawn anew."""
    made = modes(rng, 2 * rows)
    inside = ((made > LOW) & (made < HIGH)).all(axis=1) & (_radius(made) < OUTER)
    return made[inside][:rows]


def with_inventions(rng: Generator, rows: int) -> Array:
    """A twentieth of the rows lies in the empty middle between two modes."""
    made = modes(rng, rows)
    invented = rng.random(rows) < 0.05
    made[invented] = np.array([0.0, -3.0]) + 0.1 * rng.normal(size=(invented.sum(), 2))
    return made


def far_off(rng: Generator, rows: int, far: float = 300.0) -> Array:
    """One row in a hundred is so far off that nearly all variance is theirs."""
    made = modes(rng, rows, width=0.6)
    off = np.flatnonzero(rng.random(rows) < 0.01)
    ways = np.array([(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)])
    made[off] += far * ways[rng.integers(4, size=len(off))]
    return made


def half_as_far(rng: Generator, rows: int) -> Array:
    """As many rows far off, still far beyond any quantile, at half the distance."""
    return far_off(rng, rows, 150.0)


def corners(rng: Generator, rows: int, weights=(1 / 8,) * 8) -> Array:
    """Eight modes, as far from each other as can be."""
    return CORNERS[rng.choice(8, rows, p=weights)] + 0.2 * rng.normal(size=(rows, 8))


def one_corner(rng: Generator, rows: int) -> Array:
    """Half of all in one mode; the others keep 55 % of their mass each."""
    return corners(rng, rows, (0.51875, *(0.06875,) * 7))


def _radius(rows: Array) -> Array:
    return np.einsum("ij,jk,ik->i", rows - CENTRE, PRECISION, rows - CENTRE)


_REAL = modes(np.random.default_rng(0), 200_000)
LOW, HIGH = np.quantile(_REAL, [0.03, 0.97], axis=0)
CENTRE, PRECISION = _REAL.mean(axis=0), np.linalg.inv(np.cov(_REAL.T))
OUTER = np.quantile(_radius(_REAL), 0.97)
