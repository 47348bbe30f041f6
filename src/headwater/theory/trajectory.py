"""Risk generation by generation, over any recursion."""

from __future__ import annotations

import numpy as np

from headwater.theory.recursion import Recursion, times
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
    for _ in range(generations):
        state = recursion.step(state)
        risks.append(recursion.read(state))
    return np.array(risks)


def _by_powers(recursion: Windowed, generations: int) -> Array:
    r"""Constant innovations q: the diagonal of :math:`\sum_s W^s \mathrm{diag}(q) W^{s\top} + W^t G(0) W^{t\top}`.

    Only powers of W are formed, by one sparse product each, and squared entry by entry.
    """
    system = recursion.system
    models, trained = len(system.models), len(system.trained)
    transition = recursion.transition
    innovation = np.asarray(system.noise.sum(axis=1)).ravel() + system.source_noise
    power = np.eye(system.nodes)[:, :models]
    loading = np.zeros((system.nodes, len(system.archives)))
    loading[:models] = system.start.archive_share.toarray()
    loading[models:] = np.eye(len(system.archives))
    gathered = np.zeros(models)
    risks = np.empty((generations + 1, models))
    for generation in range(generations + 1):
        square = power[:models] ** 2
        started = square @ system.start.noise + loading[:models] ** 2 @ (1 / system.archive_size)
        risks[generation] = gathered + started
        gathered[:trained] += square[:trained, :trained] @ innovation
        if generation < generations:
            power = times(transition, power)
            loading = transition @ loading
    return risks
