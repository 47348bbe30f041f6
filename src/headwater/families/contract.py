r"""What a family is: how samples tell a learner something, and how that becomes a model.

Everything carries a leading replicate axis, so that a thousand replicates are one array
operation. *Records* are raw samples, always one numpy array (replicates, samples, ...).
*Evidence* is what they tell a learner: sufficient statistics where a family has them, else the
records with their weights. A *model* is whatever `fit` returns and `draw` takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from headwater.emission import PLAIN, Emission
from headwater.theory.laws import Law

Array = NDArray[np.float64]
ModelT = TypeVar("ModelT")
EvidenceT = TypeVar("EvidenceT")


@dataclass(frozen=True, slots=True)
class Ask:
    """What one flow asks of its provider in one generation.

    Attributes
    ----------
    samples
        How many samples, at least 1; with a verifier, how many it has kept.
    emission
        What is done to them. Real data are never biased.
    first_row
        Samples that the learner's earlier flows bring: families that reuse fixed covariate rows
        take rows ``first_row`` to ``first_row + samples`` for this flow.
    """

    samples: int
    emission: Emission = PLAIN
    first_row: int = 0


@dataclass(frozen=True, slots=True)
class Measure:
    """What a number that a family reports about its models means.

    Attributes
    ----------
    units
        Of the number.
    better
        "low" or "high", or "" where neither is.
    text
        What it is, in a phrase.
    scale
        "ratio" where 0 is the best there is and ratios mean something; "interval" where only
        differences do, as of a cross-entropy.
    """

    units: str
    better: str
    text: str
    scale: Literal["ratio", "interval"] = "ratio"


class Family(Protocol[ModelT, EvidenceT]):
    """How evidence becomes a model; implementations are frozen dataclasses of hyperparameters.

    The contract is tested by ``tests/families/conformance.py`` on every family.
    """

    name: ClassVar[str]
    emissions: ClassVar[frozenset[str]]
    """Fields of `Emission` that it can apply; others are refused before the run."""
    weights: ClassVar[bool]
    """Whether samples of unequal loss weight can be combined. A family whose numbers depend on the
    release of a package beside numpy and scipy names it in a ClassVar ``packages``."""

    @property
    def measures(self) -> Mapping[str, Measure]:
        """What `measure` can tell, by name; "risk" first. A "failed" measure counts failed fits."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Hyperparameters, for the record; arrays are allowed."""
        ...

    @property
    def least_samples(self) -> int:
        """Fewest samples that can be fitted."""
        ...

    @property
    def unit_risk(self) -> float | None:
        """Risk that one real sample would leave at the large-sample rate, V; None: not known."""
        ...

    def law(self) -> Law | None:
        """The exact law that the risk follows without emissions; None: none is known."""
        ...

    def truth(self, replicates: int) -> ModelT:
        """The population: a model that `draw` and `records` take and that emits real data."""
        ...

    def draw(self, model: ModelT, ask: Ask, rng: Generator) -> EvidenceT:
        """What ``ask.samples`` new samples of each replicate's model tell a learner."""
        ...

    def records(self, model: ModelT, ask: Ask, rng: Generator) -> NDArray[Any]:
        """(replicates, ask.samples, ...) new samples, for archives and pools."""
        ...

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> EvidenceT:
        """What given records tell; `weights` is (replicates, samples) loss weights, None for 1."""
        ...

    def combine(self, parts: Sequence[EvidenceT], weights: Sequence[float]) -> EvidenceT:
        """All parts together, each sample's loss weight multiplied by its part's weight.

        Associative: a pool is combined with a batch, then with the next.
        """
        ...

    def fit(self, evidence: EvidenceT, rng: Generator) -> ModelT:
        """The model of each replicate; never raises for what a draw can bring."""
        ...

    def measure(self, model: ModelT, name: str) -> Array:
        """(replicates,) one measure of each replicate's model."""
        ...

    def size(self, samples: int) -> float:
        """Numbers that one replicate's evidence and model hold for so many samples."""
        ...
