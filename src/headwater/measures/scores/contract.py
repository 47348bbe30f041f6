"""What a score is: bounded and independent from row to row, so that exact tests hold for its mean."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from headwater.samples.values import Array, Kind, Sample

Worse = Literal["lower", "higher", "either"]
Aspect = Literal["spread", "tails", "modes", "entanglement", "hallucination", "location", "repetition"]


@runtime_checkable
class Score(Protocol):
    """A frozen value that was fitted on one half of the real data, the frame.

    The other half of the real data and every later sample are scored by the same function; where
    a model is healthy the means of both agree, whatever the frame was.
    """

    @property
    def name(self) -> str:
        """As on the command line, unique among the scores of one kind of sample."""
        ...

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Of samples that it takes."""
        ...

    @property
    def aspect(self) -> Aspect:
        """What is lost or gained where its mean goes the wrong way."""
        ...

    @property
    def worse(self) -> Worse:
        """Which way the mean goes when a model gets worse."""
        ...

    @property
    def parts(self) -> tuple[str, ...]:
        """Name of each part: a direction, a mode; one part for most scores."""
        ...

    def values(self, sample: Sample) -> Array:
        """(units, parts) numbers from 0 to 1; rows are units, or disjoint pairs of rows are.

        Units are independent if the rows of the sample are. Does not depend on other samples.
        """
        ...
