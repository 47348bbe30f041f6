"""Draws from a posterior by sequential Monte Carlo: from the prior to the posterior by small steps.

Generic: any vectorised log likelihood under independent normal priors. What the parameters mean is
not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from headwater.theory.system import Array

MOVES = 4
"""Metropolis moves of every particle after each step."""
STEPS = 80
"""At most; each moves so far that half of the particles' worth is left."""
ACCEPTED = 0.25
"""Share of moves to be accepted, which their size is steered to."""


@dataclass(frozen=True)
class Prior:
    """Independent normals; mean and standard deviation, (parameters,) each."""

    mean: Array
    deviation: Array

    def draw(self, particles: int, rng: Generator) -> Array:
        """(particles, parameters)."""
        return np.asarray(self.mean + self.deviation * rng.standard_normal((particles, len(self.mean))))

    def log(self, parameters: Array) -> Array:
        """(particles,) log density, but for a constant."""
        return np.asarray(-0.5 * (((parameters - self.mean) / self.deviation) ** 2).sum(axis=1))


@dataclass
class _Cloud:
    """Particles on their way, with their log likelihood and log prior."""

    at: Array
    likelihood: Array
    prior: Array
    size: float = 1.0

    def resampled(self, weight: Array, rng: Generator) -> None:
        """As many of each as its weight says, by systematic resampling."""
        count = len(weight)
        places = (rng.random() + np.arange(count)) / count
        chosen = np.minimum(np.searchsorted(np.cumsum(weight), places), count - 1)
        self.at, self.likelihood, self.prior = self.at[chosen], self.likelihood[chosen], self.prior[chosen]


def posterior(
    log_likelihood: Callable[[Array], Array], prior: Prior, particles: int, rng: Generator
) -> Array:
    r"""(particles, parameters) draws from the density proportional to prior times likelihood.

    Particles of the prior are weighted by the likelihood to a small power, resampled, and moved by
    Metropolis steps that leave that density as it is; the power grows to 1 so slowly that weights
    stay worth half the particles [delmoral2006sequential]_.

    Parameters
    ----------
    log_likelihood
        Of (particles, parameters), (particles,); minus infinity where impossible.
    """
    at = prior.draw(particles, rng)
    cloud = _Cloud(at, log_likelihood(at), prior.log(at))
    power = 0.0
    for _ in range(STEPS):
        step, weight = _step(cloud.likelihood, 1 - power)
        power = 1.0 if power + step >= 1 - 1e-12 else power + step
        cloud.resampled(weight, rng)
        _move(cloud, log_likelihood, prior, power, rng)
        if power == 1:
            break
    return cloud.at


def _weight(likelihood: Array, step: float) -> Array:
    best = likelihood.max()
    if not np.isfinite(best):
        return np.full(len(likelihood), 1 / len(likelihood))
    weight = np.exp(np.maximum(step * (likelihood - best), -700.0))
    weight[~np.isfinite(likelihood)] = 0
    return np.asarray(weight / weight.sum())


def _step(likelihood: Array, left: float) -> tuple[float, Array]:
    """The largest step of the power that leaves weights worth half the particles."""
    enough = len(likelihood) / 2

    def worth(step: float) -> float:
        return float(1 / (_weight(likelihood, step) ** 2).sum())

    low, high = 0.0, left
    if worth(left) >= enough:
        low = left
    else:
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if worth(middle) >= enough else (low, middle)
    step = max(low, left * 1e-9)
    return step, _weight(likelihood, step)


def _move(
    cloud: _Cloud, log_likelihood: Callable[[Array], Array], prior: Prior, power: float, rng: Generator
) -> None:
    """Random walks along the cloud's own covariance, and along differences of its particles."""
    particles, parameters = cloud.at.shape
    spread = np.linalg.cholesky(np.cov(cloud.at.T) + 1e-10 * np.eye(parameters))
    reach = 2.38 / np.sqrt(parameters)
    for move in range(MOVES):
        if move % 2 == 0:
            walk = reach * rng.standard_normal((particles, parameters)) @ spread.T
        else:
            first, second = rng.permutation(particles), rng.permutation(particles)
            walk = reach / np.sqrt(2) * (cloud.at[first] - cloud.at[second])
            walk += 1e-4 * prior.deviation * rng.standard_normal((particles, parameters))
        asked = cloud.at + cloud.size * walk
        likelihood, before = log_likelihood(asked), prior.log(asked)
        now = np.where(np.isfinite(cloud.likelihood), cloud.likelihood, -1e300)
        gain = power * (likelihood - now) + before - cloud.prior
        taken = np.log(rng.random(particles)) < gain
        cloud.at[taken], cloud.likelihood[taken] = asked[taken], likelihood[taken]
        cloud.prior[taken] = before[taken]
        cloud.size = float(np.clip(cloud.size * np.exp(taken.mean() - ACCEPTED), 0.05, 2.0))
