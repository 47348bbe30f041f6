"""What is known of a line of models and of the world, any part of which may be missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from headwater.errors import SampleError
from headwater.samples.values import Sample

Ancestry = Literal["synthetic", "real", "mixed"]
"""What later generations were trained on: output of models only, real data only, or both."""

LEAST = 30
"""Rows of a sample below which no error can be estimated."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Samples and circumstances that a cause of loss may be read from.

    Samples are independent of each other; one that has two roles (the training set is the
    reference) should be given as the same object twice, so that it is not taken for two.

    Attributes
    ----------
    generations
        Output of one line of models, by generation; at least one.
    reference
        Real data, from when the line began.
    newer
        Real data from now.
    training
        What the first generation was trained on.
    checkpoints
        Output along the training of one model, by step.
    old_task, new_task
        What that model could do before, and what it is trained on now, if its data changed.
    ancestry
        What later generations learned from; None if not known.
    deployed
        Whether the world sees the output; None if not known.
    losses
        Losses since the first generation that were shown by other means, in words: with one,
        collapse is not excluded for being small in the measures used here.

    Raises
    ------
    SampleError
        If there is no generation, samples differ in kind or dimension, or one has fewer than 30 rows.
    """

    generations: Mapping[int, Sample]
    reference: Sample
    newer: Sample | None = None
    training: Sample | None = None
    checkpoints: Mapping[int, Sample] = field(default_factory=dict)
    old_task: Sample | None = None
    new_task: Sample | None = None
    ancestry: Ancestry | None = None
    deployed: bool | None = None
    losses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.generations:
            raise SampleError("no generation is given", "give the output of at least one")
        if self.ancestry is not None and self.ancestry not in get_args(Ancestry):
            raise SampleError(
                f"ancestry {self.ancestry!r}", f"one of {', '.join(get_args(Ancestry))}, or None"
            )
        for name, sample in self.samples():
            if len(sample) < LEAST:
                raise SampleError(
                    f"{name} has {len(sample)} rows",
                    f"give at least {LEAST}, or leave it out: errors need them",
                )
            _check(name, sample, self.reference)

    def samples(self) -> Iterator[tuple[str, Sample]]:
        """Every sample that is there, with its name; some may be the same object."""
        yield "reference", self.reference
        for name in ("newer", "training", "old_task", "new_task"):
            sample = getattr(self, name)
            if sample is not None:
                yield name, sample
        for generation, sample in sorted(self.generations.items()):
            yield f"generation {generation}", sample
        for step, sample in sorted(self.checkpoints.items()):
            yield f"checkpoint {step}", sample


def _check(name: str, sample: Sample, reference: Sample) -> None:
    if sample.kind != reference.kind:
        raise SampleError(
            f"{name} is a {sample.kind} sample, the reference a {reference.kind} one", "give all of one kind"
        )
    if sample.dimensions != reference.dimensions:
        raise SampleError(
            f"{name} has {sample.dimensions} features, the reference {reference.dimensions}",
            "give all the same features",
        )
