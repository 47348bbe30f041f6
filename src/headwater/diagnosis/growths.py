"""How fast each model's risk grows: its worst ancestor component decides."""

from __future__ import annotations

import numpy as np

from headwater.diagnosis.setting import Setting
from headwater.grounding import reachable
from headwater.regimes import Accumulate
from headwater.theory.growth import Growth, component_radius
from headwater.theory.laws import Asymptotic, Law
from headwater.theory.recursion import Recursion
from headwater.theory.spread import Fitted

GROWTHS: tuple[Growth, ...] = ("bounded", "linear", "exponential", "unknown")


def growths(setting: Setting, law: Law, recursion: Recursion | None) -> tuple[np.ndarray, list[np.ndarray]]:
    """Growth of every model, and the components that grow although the regime or real data hold them.

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
    found = _unsafe_components(setting, recursion)
    for name in ("unknown", "linear", "exponential"):
        if found[name]:
            growth[reachable(setting.graph, np.concatenate(found[name]))] = GROWTHS.index(name)
    if found["unknown"]:
        setting.notes.append(
            f"growth: undecided in {len(found['unknown']):,} of the loops, for want of counts or near the "
            "threshold; under this law a loop with real data may collapse all the same"
        )
    ungrounded = set(setting.grounding.ungrounded.tolist())
    grown = [*found["linear"], *found["exponential"]]
    return growth, [each for each in grown if int(setting.grounding.component[each[0]]) not in ungrounded]


def _pooled(
    setting: Setting, law: Law, recursion: Recursion | None, growth: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Pools bound every risk, but a draw from a pool may feed its own mean square back."""
    if recursion is None or isinstance(law, Asymptotic) or setting.regime == Accumulate():
        return growth, []
    found = _unsafe_components(setting, recursion)
    diverging = [*found["linear"], *found["exponential"]]
    for group, name in ((found["unknown"], "unknown"), (diverging, "linear")):
        if group:
            growth[reachable(setting.graph, np.concatenate(group))] = GROWTHS.index(name)
    if diverging:
        setting.notes.append(
            "growth: where risk is said to grow linearly, it grows as some power of the generations, "
            "since draws from a pool feed their own fluctuations back"
        )
    return growth, diverging


def _unsafe_components(setting: Setting, recursion: Recursion | None) -> dict[Growth, list[np.ndarray]]:
    """Components that are not known to be bounded, by how they grow."""
    place = np.full(setting.models, -1)
    if recursion is not None:
        place[recursion.system.trained] = np.arange(len(recursion.system.trained))
    ungrounded = set(setting.grounding.ungrounded.tolist())
    found: dict[Growth, list[np.ndarray]] = {name: [] for name in GROWTHS}
    for members in setting.grounding.loops():
        closed = int(setting.grounding.component[members[0]]) in ungrounded and not setting.pools
        if recursion is None or (place[members] < 0).any():
            # without counts only a closed loop is decided, by the law
            found["bounded" if closed else "unknown"].append(members)
            continue
        growth = component_radius(recursion, place[members]).growth
        if closed:
            growth = "exponential" if growth == "exponential" else _closed(setting, recursion)
        found[growth].append(members)
    return found


def _closed(setting: Setting, recursion: Recursion) -> Growth:
    """An ungrounded loop whose moments do not explode: its errors are kept, and noise is added.

    Fitted variances may die out in a window of several generations, and then none is added.
    """
    fitted = isinstance(getattr(recursion, "spread", None), Fitted)
    return "unknown" if fitted and setting.window > 1 else "bounded"
