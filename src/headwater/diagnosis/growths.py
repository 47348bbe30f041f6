"""How fast each model's risk grows: its worst ancestor component decides."""

from __future__ import annotations

import numpy as np

from headwater.diagnosis.setting import Setting
from headwater.grounding import reachable
from headwater.regimes import Accumulate
from headwater.theory.growth import Growth, component_radius
from headwater.theory.laws import Asymptotic, Law
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
        return _pooled(setting, law, recursion, growth)
    growth[setting.grounding.is_ungrounded] = GROWTHS.index(law.ungrounded_growth)
    if not law.may_explode:
        return growth, []
    growth[~setting.keep] = GROWTHS.index("unknown")
    if recursion is None:
        return growth, []
    undecided, exploding = _unsafe_components(setting, recursion)
    for group, name in ((undecided, "unknown"), (exploding, "exponential")):
        if group:
            growth[reachable(setting.graph, np.concatenate(group))] = GROWTHS.index(name)
    return growth, exploding


def _pooled(
    setting: Setting, law: Law, recursion: Recursion | None, growth: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Pools bound every risk, but a draw from a pool may feed its own mean square back."""
    if recursion is None or isinstance(law, Asymptotic) or setting.regime == Accumulate():
        return growth, []
    undecided, diverging = _unsafe_components(setting, recursion, ungrounded_too=True)
    for group, name in ((undecided, "unknown"), (diverging, "linear")):
        if group:
            growth[reachable(setting.graph, np.concatenate(group))] = GROWTHS.index(name)
    if diverging:
        setting.notes.append(
            "growth: where risk is said to grow linearly, it grows as some power of the generations, "
            "since draws from a pool feed their own fluctuations back"
        )
    return growth, diverging


def _unsafe_components(
    setting: Setting, recursion: Recursion, ungrounded_too: bool = False
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Components that are not known to be bounded: undecided ones, and those that grow."""
    place = np.full(setting.models, -1)
    place[recursion.system.trained] = np.arange(len(recursion.system.trained))
    ungrounded: set[int] = set() if ungrounded_too else set(setting.grounding.ungrounded.tolist())
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
