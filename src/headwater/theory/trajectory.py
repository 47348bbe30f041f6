"""Risk generation by generation, over any recursion."""

from __future__ import annotations

import numpy as np

from headwater.theory.recursion import Recursion, column_blocks, identity_columns
from headwater.theory.spread import Quadratic
from headwater.theory.system import Array
from headwater.theory.windowed import Windowed


def trajectory(recursion: Recursion, generations: int) -> Array:
    """(generations + 1, models) risk of each model of ``recursion.system.models``.

    In the law's units. Costs two sparse-dense products a generation, and one where variances
    are constant under replace.
    """
    if (
        isinstance(recursion, Windowed)
        and recursion.window == 1
        and isinstance(recursion.spread, Quadratic)
        and recursion.spread.curvature == 0
    ):
        return _by_powers(recursion, generations) * recursion.spread.variance
    state = recursion.start()
    risks = [recursion.read(state)]
    # what explodes may pass the largest double: it is infinite from then on
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(generations):
            state = recursion.step(state)
            risks.append(recursion.read(state))
    table = np.array(risks)
    table[1:][np.isnan(table[1:]) & ~np.isnan(table[0])] = np.inf
    return table


def _by_powers(recursion: Windowed, generations: int) -> Array:
    r"""The diagonal of :math:`\sum_s W^s \mathrm{diag}(q) W^{s\top} + W^t G(0) W^{t\top}`, q constant.

    Only powers of W are formed, some columns at a time so that they stay in cache, and squared
    entry by entry.
    """
    system = recursion.system
    models, trained = len(system.models), len(system.trained)
    transition = recursion.transition
    innovation = np.zeros(models)
    innovation[:trained] = np.asarray(system.noise.sum(axis=1)).ravel() + system.source_noise
    started = np.zeros((generations + 1, models))
    added = np.zeros((generations + 1, models))
    for columns in column_blocks(models):
        power = identity_columns(system.nodes, columns)
        for generation in range(generations + 1):
            squares = power[:models] ** 2
            started[generation] += squares @ system.start.noise[columns]
            added[generation] += squares @ innovation[columns]
            power = transition @ power
    loading = np.concatenate([system.start.archive_share.toarray(), np.eye(len(system.archives))])
    for generation in range(generations + 1):
        started[generation] += loading[:models] ** 2 @ (1 / system.archive_size)
        loading = transition @ loading
    risks: Array = started
    risks[1:] += np.cumsum(added[:-1], axis=0)
    return risks
