"""Risk in graphs too large for a matrix of second moments, by random probes of the recursion.

Vectors of errors are drawn and carried along; their mean squares are unbiased for the second
moments, with a standard error that is known. This is Monte Carlo on the recursion, not on
samples: its cost does not depend on budgets.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from headwater.errors import NoLaw
from headwater.theory.pooled import Pooled
from headwater.theory.recursion import Recursion
from headwater.theory.spread import Quadratic
from headwater.theory.system import Array
from headwater.theory.windowed import Windowed

AT_ONCE = 16
"""Probes carried together."""


def probed_trajectory(recursion: Recursion, generations: int, probes: int, seed: int) -> Array:
    r"""(generations + 1, models) estimated risk of each model of ``recursion.system.models``.

    What the newest innovation adds is exact; only what is carried over is estimated, with
    relative standard error :math:`\sqrt{2 / \mathrm{probes}}`; one archive that many models share
    moves their estimates together.

    Raises
    ------
    NoLaw
        For laws and regimes whose innovations are not constant, where errors of estimation would
        feed themselves: curved and fitted variances, least squares, windows, subsampling.
    """
    spread = getattr(recursion, "spread", None)
    window = recursion.window if isinstance(recursion, Windowed) else 1
    subsample = isinstance(recursion, Pooled) and recursion.subsample
    if (
        not isinstance(recursion, Windowed | Pooled)
        or not isinstance(spread, Quadratic)
        or spread.curvature != 0
        or window > 1
        or subsample
    ):
        raise NoLaw(
            "this law cannot be probed under this regime",
            "simulate it, or use --law asymptotic under replace or accumulate",
        )
    total = np.zeros((generations + 1, len(recursion.system.models)))
    streams = np.random.SeedSequence(seed).spawn(-(-probes // AT_ONCE))
    for stream in streams:
        total += _probe(recursion, spread, generations, np.random.default_rng(stream))
    return total / len(streams)


def _probe(
    recursion: Windowed | Pooled, spread: Quadratic, generations: int, rng: np.random.Generator
) -> Array:
    system, start = recursion.system, recursion.system.start
    trained, models = len(system.trained), len(system.models)
    variance = spread.variance
    archives = rng.normal(size=(len(system.archives), AT_ONCE)) / np.sqrt(system.archive_size)[:, None]
    fits = start.archive_share @ archives + rng.normal(size=(models, AT_ONCE)) * np.sqrt(start.noise)[:, None]
    errors = np.concatenate([fits, archives]) * np.sqrt(variance)
    risk = variance * start.risk(system.archive_size)
    rows = [risk]
    for generation in range(1, generations + 1):
        new = recursion.new_share(generation) if isinstance(recursion, Pooled) else np.ones(trained)
        batch = sparse.csr_array(system.share) @ errors
        carried = (1 - new)[:, None] * errors[:trained] + new[:, None] * batch
        innovation = new**2 * (system.noise.sum(axis=1) + system.source_noise) * variance
        risk = risk.copy()
        risk[:trained] = (carried**2).mean(axis=1) + innovation
        rows.append(risk)
        drawn = rng.normal(size=carried.shape) * np.sqrt(np.maximum(innovation, 0))[:, None]
        errors = np.concatenate([carried + drawn, errors[trained:]])
    return np.array(rows)
