"""What is said of one cause: for or against, in words, and what measurement would decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Cause = Literal["collapse", "forgetting", "mode collapse", "drift", "performative"]
Support = Literal["for", "against", "unknown"]

CAUSES: tuple[Cause, ...] = get_args(Cause)


@dataclass(frozen=True)
class Weighing:
    """One cause, weighed.

    Attributes
    ----------
    cause
        Its name.
    support
        ``for`` if it is shown, ``against`` if it is excluded, or ``unknown``.
    for_, against
        What speaks for it and against it, in words with numbers.
    would_decide
        Measurements that would, where it is unknown; where it is shown, those that would confirm it.
    strength
        The least of the effects that it needs, over its tolerance; 0 if one was not measured.
    p_value
        Chance of tests as telling as these for this cause where it is not there, before
        correction for the number of causes; 1 if one was not measured.
    """

    cause: Cause
    support: Support
    for_: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    would_decide: tuple[str, ...] = ()
    strength: float = 0.0
    p_value: float = 1.0
