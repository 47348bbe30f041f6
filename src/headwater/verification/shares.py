"""The real share at which inflation crosses a level: predicted by a law, observed in simulation.

A lone loop of a fixed budget takes a share of its samples fresh from real data every
generation. Everything here is about that loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from headwater.families.contract import Array, Family
from headwater.graph import InteractionGraph
from headwater.regimes import Replace
from headwater.simulation.execution import Executor
from headwater.simulation.run import simulate
from headwater.theory.laws import Law
from headwater.theory.trajectory import trajectory

LEVELS = (2.0, 1.5)


@dataclass(frozen=True, slots=True)
class Point:
    """One real share: what was predicted and seen at the last generation.

    `values` and `errors` hold means over replicates and their standard errors by name.
    """

    real: int
    budget: int
    predicted: dict[str, float]
    values: dict[str, float]
    errors: dict[str, float]

    @property
    def share(self) -> float:
        """Real samples over all."""
        return self.real / self.budget


@dataclass(frozen=True, slots=True)
class Threshold:
    """The real share at which inflation comes down to `level`.

    `predicted` is None where inflation crosses the level at no share, `observed` where it does so at
    none between the smallest and the largest that were played.

    `predicted` is by the law; `two_noise` by its large-sample form with the noise of real and
    model labels apart.
    """

    level: float
    budget: int
    predicted: float | None
    two_noise: float | None
    observed: float | None
    standard_error: float | None


def loop(budget: int, real: int) -> InteractionGraph:
    """A lone loop of `budget` samples a generation, `real` of them fresh and real."""
    flows = [("real", "model", real)] if real else []
    flows += [("model", "model", budget - real)] if real < budget else []
    return InteractionGraph.from_flows(flows, sources=["real"])


def predicted_inflation(law: Law, budget: int, real: int, generations: int) -> float:
    """Risk at the last generation over that at generation 0, by the law."""
    recursion = law.recursion(loop(budget, real), Replace(), np.ones(1, dtype=bool))
    rows = trajectory(recursion, generations)
    return float(rows[-1, 0] / rows[0, 0])


def two_noise_inflation(law: Law, ratio: float, budget: int, real: int, generations: int) -> float:
    r"""The same where what a model emits is noisier than real data, or less so.

    In a lone loop a law is :math:`G(t) = c\,G(t-1) + D`. With `ratio` the variance that a model's
    labels leave over the one that real labels do, and w the synthetic share, D is multiplied by
    :math:`1 - w + w\,\text{ratio}`: for least squares, noise enters in proportion to its rows.
    """
    recursion = law.recursion(loop(budget, real), Replace(), np.ones(1, dtype=bool))
    first, second, third = trajectory(recursion, 2)[:, 0]
    kept = (third - second) / (second - first) if second != first else 0.0
    w = 1 - real / budget
    added = (second - kept * first) * (1 - w + w * ratio)
    risk = first
    for _ in range(generations):
        risk = kept * risk + added
    return float(risk / first)


def predicted_threshold(inflation: Callable[[int], float], budget: int, level: float) -> float | None:
    """Share at which a falling function of the number of real samples comes down to `level`.

    Between whole numbers of samples the function is taken as straight.
    """
    low, high = 0, budget
    if not inflation(low) > level >= inflation(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if inflation(middle) > level else (low, middle)
    above, below = inflation(low), inflation(high)
    return float((low + (above - level) / (above - below)) / budget)


def simulated(  # noqa: PLR0913, PLR0917
    family: Family[Any, Any],
    budget: int,
    real: int,
    generations: int,
    replicates: int,
    seed: int,
    executor: Executor | None = None,
) -> tuple[dict[str, float], dict[str, float]]:
    """Means and standard errors at the last generation: inflation, and every measure of the family.

    Inflation is mean risk over mean risk at generation 0; its error by the delta method.
    """
    runs = simulate(
        loop(budget, real),
        family,
        generations=generations,
        replicates=replicates,
        seed=seed,
        executor=executor,
        chunk=chunk_of(replicates),
    )
    last = {name: runs[name].values[:, -1, 0] for name in family.measures}
    values = {name: float(each.mean()) for name, each in last.items()}
    errors = {name: float(each.std(ddof=1) / replicates**0.5) for name, each in last.items()}
    values["inflation"], errors["inflation"] = ratio(last["risk"], runs["risk"].values[:, 0, 0])
    return values, errors


def chunk_of(replicates: int) -> int:
    """Replicates played together in a benchmark: an eighth, whatever the default, so that pages repeat."""
    return min(replicates, max(50, -(-replicates // 8)))


def ratio(over: Array, under: Array) -> tuple[float, float]:
    """Ratio of two means over the same replicates, and its standard error by the delta method."""
    value = over.mean() / under.mean()
    spread = (over - value * under).std(ddof=1) / under.mean()
    return float(value), float(spread / len(over) ** 0.5)


def observed_threshold(points: Sequence[Point], level: float) -> tuple[float | None, float | None]:
    """Share at which simulated inflation comes down to `level`, and its standard error.

    Between the points one over the inflation is interpolated by a monotone cubic
    [fritsch1980monotone]_, because it is close to a parabola in the share.
    """
    ordered = sorted(points, key=lambda point: point.real)
    share = np.array([point.share for point in ordered])
    inverse = np.array([1 / point.values["inflation"] for point in ordered])
    crossings = np.flatnonzero((inverse[:-1] < 1 / level) & (inverse[1:] >= 1 / level))
    if not len(crossings):
        return None, None
    at = int(crossings[-1])
    curve = PchipInterpolator(share, inverse)
    found = float(brentq(lambda each: float(curve(each)) - 1 / level, share[at], share[at + 1]))
    slope = float(curve(found, 1))
    error = max(point.errors["inflation"] / point.values["inflation"] ** 2 for point in ordered[at : at + 2])
    return found, error / slope if slope > 0 else None
