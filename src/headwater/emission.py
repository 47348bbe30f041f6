"""How what a provider emits may differ from what it learned: the bias of a flow.

A value only. What a temperature means for a bigram model is that family's business.
"""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, fields
from typing import Any

from headwater.errors import GraphError


@dataclass(frozen=True, slots=True)
class Emission:
    """What is done to a provider's samples before a learner sees them; the default is nothing.

    Attributes
    ----------
    temperature
        Probabilities are raised to the power 1/temperature and normalised; above 0.
    top_p
        Only the fewest most probable outcomes that hold this mass together are emitted; in (0, 1].
    variance
        Factor on the variance (truncation): a sample comes from N(mean, variance x covariance)
        [alemohammad2023self]_; in [0, 1].
    keep_right, keep_wrong
        Chances that a verifier keeps a right and a wrong sample; in [0, 1], not both 0. The
        flow's samples are those that were kept.

    Raises
    ------
    GraphError
        If a value lies outside its range.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    variance: float = 1.0
    keep_right: float = 1.0
    keep_wrong: float = 1.0

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            low_is_open, high, right = _RANGES[item.name]
            if isinstance(value, bool) or not isinstance(value, numbers.Real):
                raise GraphError(f"{item.name} is {_shown(value)}, not a number", right, (item.name,))
            # comparing first keeps whole numbers of many digits away from float()
            number: float = float(value) if abs(getattr(self, item.name)) <= high else math.inf
            above = number > 0 if low_is_open else number >= 0
            if not (above and number <= high):
                raise GraphError(f"{item.name} is {_shown(value)}", right, (item.name,))
            object.__setattr__(self, item.name, number)
        if self.keep_right == self.keep_wrong == 0:
            raise GraphError(
                "keep_right and keep_wrong are both 0",
                "a verifier that keeps nothing leaves nothing to learn from: remove the flow",
                ("keep_right",),
            )

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of the values that differ from doing nothing."""
        return tuple(item.name for item in fields(self) if getattr(self, item.name) != 1)

    def to_dict(self) -> dict[str, Any]:
        """The values that differ from doing nothing."""
        return {name: getattr(self, name) for name in self.changed}


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**30 else "a number of over 30 digits"
    return text if len(text) <= 60 else text[:57] + "..."


_RANGES = {
    "temperature": (True, 1e6, "a temperature is a number above 0 and at most 1e6; 1 changes nothing"),
    "top_p": (True, 1.0, "top_p is a probability mass above 0, at most 1; 1 keeps everything"),
    "variance": (False, 1.0, "a variance factor lies between 0 and 1; 1 changes nothing"),
    "keep_right": (False, 1.0, "the chance that a right sample is kept lies between 0 and 1"),
    "keep_wrong": (False, 1.0, "the chance that a wrong sample is kept lies between 0 and 1"),
}

PLAIN = Emission()
"""Nothing is done."""
