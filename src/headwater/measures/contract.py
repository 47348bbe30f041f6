"""What a metric is: a function of two samples that tells its direction, range and error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from headwater.errors import SampleError
from headwater.samples.values import Kind, Sample

Better = Literal["higher", "lower", "reference"]
"""`reference`: healthy is to be like real data; both more and less are signs."""


@dataclass(frozen=True)
class About:
    """What a reader has to know of a metric before the number means something.

    Attributes
    ----------
    name
        As on the command line.
    kinds
        Of samples that it takes.
    better
        Which way is healthy.
    lowest, highest
        The range; infinite ends allowed.
    healthy
        In words: what it is where a model is as good as real data.
    units
        Of the value; ``""`` for a pure number.
    """

    name: str
    kinds: tuple[Kind, ...]
    better: Better
    lowest: float
    highest: float
    healthy: str
    units: str = ""


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes
    ----------
    value, low, high
        Estimate and ends of its confidence interval; NaN ends where there is none.
    level
        Confidence of the interval.
    how
        How the interval was found: ``closed form``, ``bootstrap``, ``permutation`` ...
    parts
        Value, low and high of each part (feature, mode, direction), where there are any.
    p_value
        Of a test that both samples come from one law, if the metric is such a test.
    notes
        What a reader has to know of this one number: rows left out, a limit that was hit.
    """

    value: float
    low: float
    high: float
    level: float
    how: str
    parts: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    p_value: float | None = None
    notes: tuple[str, ...] = ()


@runtime_checkable
class Metric(Protocol):
    """A frozen dataclass of hyperparameters that is called with a sample and a real one."""

    @property
    def about(self) -> About:
        """Name, direction, range, what healthy is."""
        ...

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """The metric of `sample` against `reference`."""
        ...


def check_pair(about: About, sample: Sample, reference: Sample) -> None:
    """Refuse samples that the metric cannot compare.

    Raises
    ------
    SampleError
        If their kinds differ from each other's or from the metric's, or their dimensions differ.
    """
    if sample.kind not in about.kinds:
        raise SampleError(
            f"{about.name} of a {sample.kind} sample", f"it takes {' or '.join(about.kinds)} samples"
        )
    if sample.kind != reference.kind:
        raise SampleError(
            f"a {sample.kind} sample against a {reference.kind} reference", "give both of one kind"
        )
    if sample.dimensions != reference.dimensions:
        raise SampleError(
            f"{sample.dimensions} features in the sample, {reference.dimensions} in the reference",
            "give both the same features",
        )
