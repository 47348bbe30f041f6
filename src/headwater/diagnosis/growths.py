"""How fast each model's risk grows: its worst ancestor component decides."""

from __future__ import annotations

import numpy as np

from headwater.diagnosis.setting import Setting
from headwater.grounding import reachable
from headwater.theory.growth import Growth, component_radius
from headwater.theory.laws import Gaussian, Law, LeastSquares, QuadraticVariance
from headwater.theory.recursion import Recursion

GROWTHS: tuple[Growth, ...] = ("bounded", "linear", "exponential", "unknown")


def growths(setting: Setting, law: Law, recursion: Recursion | None) -> tuple[np.ndarray, list[np.ndarray]]:
    """Growth of every model, and the grounded components that explode.

    Returns
    -------
    growth : (models,) int8
        Position in `GROWTHS`.
    exploding
        Each component as an array of models.
    """
    growth = np.zeros(setting.models, dtype=np.int8)
    if setting.pools:
        return growth, []
    growth[setting.grounding.is_ungrounded] = GROWTHS.index(_ungrounded(law))
    if not _can_explode(law):
        return growth, []
    growth[~setting.keep] = GROWTHS.index("unknown")
    if recursion is None:
        return growth, []
    undecided, exploding = _unsafe_components(setting, recursion)
    for group, name in ((undecided, "unknown"), (exploding, "exponential")):
        if group:
            growth[reachable(setting.graph, np.concatenate(group))] = GROWTHS.index(name)
    return growth, exploding


def _unsafe_components(setting: Setting, recursion: Recursion) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Grounded components that are not known to be bounded: undecided, and exploding ones."""
    place = np.full(setting.models, -1)
    place[recursion.system.trained] = np.arange(len(recursion.system.trained))
    ungrounded = set(setting.grounding.ungrounded.tolist())
    undecided: list[np.ndarray] = []
    exploding: list[np.ndarray] = []
    for members in setting.grounding.loops():
        if (place[members] < 0).any() or int(setting.grounding.component[members[0]]) in ungrounded:
            continue
        growth = component_radius(recursion, place[members]).growth
        if growth == "exponential":
            exploding.append(members)
        elif growth == "unknown":
            undecided.append(members)
    return undecided, exploding


def _ungrounded(law: Law) -> Growth:
    """What an ungrounded component does where old data are dropped."""
    if np.isfinite(law.ceiling):
        return "bounded"
    if isinstance(law, QuadraticVariance) and law.curvature > 0:
        return "exponential"
    return "linear"


def _can_explode(law: Law) -> bool:
    """Whether a grounded component may explode, so that counts are needed to tell."""
    if isinstance(law, QuadraticVariance):
        return law.curvature > 0
    return isinstance(law, LeastSquares) or (isinstance(law, Gaussian) and law.ddof == 1)
