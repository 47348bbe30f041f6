"""Every number that the causes are weighed by, measured once from the evidence that is there.

Which cause follows from which numbers is said in the file of each cause.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from headwater.measures.causes.distances import Distances, Measurement, combine, cosine
from headwater.measures.causes.evidence import Evidence
from headwater.measures.causes.facts import (
    Fact,
    Tolerances,
    both,
    either,
    fact,
    normal_fact,
    ruled_out,
    share_fact,
)
from headwater.measures.causes.parts import LARGE, SHARE, SUSPECTED, Parts, parts
from headwater.measures.causes.rare import rare_left
from headwater.measures.causes.weighing import CAUSES
from headwater.measures.features import space
from headwater.samples.values import Array

MIDDLES = 3
"""Generations between the first and the last that progress is read from, at most."""


@dataclass(frozen=True)
class Measured:
    """Facts of the whole line; None where a sample is missing.

    Attributes
    ----------
    level
        1 less the chance that any cause is called shown where it is not there.
    off
        Distance of the output that the world could see from the older real data.
    away
        Distance of the last output from real data of now (the older, if there is none newer).
    still
        Distance of the last output from the first.
    changes
        Growth of distance, loss of spread and loss of tails from the first generation to the last.
    progress
        The most telling of these that went on in more than one transition.
    moved
        Distance of the newer real data from the older.
    nearer
        How much nearer that brought it to the output.
    aligned
        Cosine of that movement with the step from the older real data to the output.
    missing
        The mode that the first generation has least of.
    forgot, learned
        Growth of distance from the old task, and fall of that from the new, along checkpoints.
    kept
        Distance of the last checkpoint from the first.
    intact
        Distance of the last checkpoint, or else the last output, from the data of the old task.
    """

    level: float
    off: Fact
    away: Fact
    still: Fact | None = None
    changes: tuple[Fact, ...] = ()
    progress: Fact | None = None
    moved: Fact | None = None
    nearer: Fact | None = None
    aligned: Fact | None = None
    missing: Fact | None = None
    forgot: Fact | None = None
    learned: Fact | None = None
    kept: Fact | None = None
    intact: Fact | None = None

    def shown(self, *chances: float) -> bool:
        """Whether a cause that needs all of these is shown, with Bonferroni over the causes."""
        return max(chances) <= (1 - self.level) / len(CAUSES)

    def excluded(self, *routes: float) -> bool:
        """Whether any of these routes excludes a cause, with Bonferroni over the routes."""
        return ruled_out(*routes) <= 1 - self.level


def measure(evidence: Evidence, level: float, tolerances: Tolerances, most: int, seed: int) -> Measured:
    """All facts that the evidence allows, on at most that many rows of each sample."""
    bench = _Bench(evidence, level, tolerances, most, seed)
    newer, checkpoints = evidence.newer is not None, len(evidence.checkpoints) > 1
    progress, changes = bench.progress() if len(bench.line) > 1 else (None, ())
    moved = bench.moved() if newer else None
    real = " of now" if newer else ""
    return Measured(
        level=level,
        off=bench.apart(f"distance of {bench.seen} from the older real data", bench.seen, "reference"),
        away=bench.apart(f"distance of the last output from real data{real}", bench.line[-1], bench.current),
        still=bench.still if len(bench.line) > 1 else None,
        changes=changes,
        progress=progress,
        moved=moved,
        nearer=bench.nearer() if newer else None,
        aligned=bench.aligned() if newer else None,
        missing=bench.missing(),
        forgot=bench.forgot() if checkpoints else None,
        learned=bench.learned() if checkpoints and evidence.new_task is not None else None,
        kept=bench.kept() if checkpoints else None,
        intact=bench.intact(),
    )


@dataclass(frozen=True)
class _Bench:
    """The evidence as points, and what is measured on them."""

    evidence: Evidence
    level: float
    tolerances: Tolerances
    most: int
    seed: int

    @cached_property
    def name(self) -> dict[str, str]:
        """The first name of the sample that goes by each name."""
        first: dict[int, str] = {}
        return {name: first.setdefault(id(sample), name) for name, sample in self.evidence.samples()}

    @cached_property
    def distances(self) -> Distances:
        """Among all samples, as shares of the mean distance of two rows of the reference."""
        given = dict(self.evidence.samples())
        used = {*self.line, *self._checkpoints(), "reference", "newer", "training", "old_task", "new_task"}
        thinned = {
            name: given[name].thinned(self.most, self.seed + at)
            for at, name in enumerate(sorted({self.name[each] for each in used & given.keys()}))
        }
        others = [thinned[name] for name in sorted(thinned) if name != "reference"]
        fitted = space(thinned["reference"], others, self.seed)
        points = {name: fitted.points(sample) for name, sample in thinned.items()}
        unit = Distances({"reference": points["reference"]}).mean("reference", "reference").value
        return Distances(points, unit or 1.0)

    @property
    def line(self) -> tuple[str, ...]:
        """First, up to three between (more of them early, because loss often levels off), and last."""
        generations = sorted(self.evidence.generations)
        share = np.linspace(0, 1, MIDDLES + 2) ** 2
        places = np.unique(np.ceil(share * (len(generations) - 1)).astype(int))
        return tuple(f"generation {generations[place]}" for place in places)

    @property
    def current(self) -> str:
        """Real data of now, as far as there is any."""
        return "reference" if self.evidence.newer is None else "newer"

    @property
    def seen(self) -> str:
        """The output that the real world could have moved toward.

        The first, because a later one may be near the newer real data only by having learned from it;
        a line that learns from models alone cannot, and there it is the last.
        """
        return self.line[-1] if self.evidence.ancestry == "synthetic" else self.line[0]

    def points(self, name: str) -> Array:
        return self.distances.points[self.name[name]]

    def mean(self, one: str, other: str) -> Measurement:
        return self.distances.mean(self.name[one], self.name[other])

    def energy(self, one: str, other: str) -> Measurement:
        return self.distances.energy(self.name[one], self.name[other])

    def fact(self, words: str, measured: Measurement, tolerance: float) -> Fact:
        return fact(words, measured, tolerance, self.level)

    def apart(self, words: str, one: str, other: str) -> Fact:
        return self.fact(words, self.energy(one, other), self.tolerances.distance)

    @cached_property
    def still(self) -> Fact:
        return self.apart("distance of the last output from the first", self.line[-1], self.line[0])

    def moved(self) -> Fact:
        """Permuted too, because at equal laws the error is not normal."""
        found = self.apart("distance of the newer real data from the older", "newer", "reference")
        small = (1 - self.level) / len(CAUSES)
        if found.yes > small:
            return found
        times = int(np.ceil(2 / small)) - 1
        chance = self.distances.permuted(self.name["newer"], "reference", times, self.seed)
        return replace(found, yes=max(found.yes, chance))

    def nearer(self) -> Fact:
        gain = combine(np.subtract, self.energy("reference", self.seen), self.energy("newer", self.seen))
        words = "how much nearer the real data came to the output"
        return self.fact(words, gain, self.tolerances.distance)

    def aligned(self) -> Fact:
        squares = (
            self.energy("newer", "reference"),
            self.energy(self.seen, "reference"),
            self.energy("newer", self.seen),
        )
        words = "cosine of the movement of the real data with the way to the output"
        found = self.fact(words, combine(cosine, *squares), self.tolerances.aligned)
        # the angle of a step that is hardly there is noise, and shows nothing either way
        known = min(squares[0].value, squares[1].value) > self.tolerances.distance
        return found if known else replace(found, yes=1.0, no=1.0)

    def progress(self) -> tuple[Fact, tuple[Fact, ...]]:
        """What goes on in more than one transition, and all changes from first to last."""
        found = (self._growth(), self._narrowing(), self._thinning(), *self._dwindling())
        return either(steady for steady, _ in found), tuple(change for _, change in found)

    def _steady(self, change: Fact, parted: Callable[[str, str], float]) -> Fact:
        """The change, if it is shown before and after some generation between (Bonferroni over these)."""
        first, *between, last = self.line
        chances = [max(parted(first, middle), parted(middle, last)) for middle in between]
        return replace(change, yes=max(change.yes, min(1.0, min(chances, default=1.0) * len(chances or [1]))))

    def _growth(self) -> tuple[Fact, Fact]:
        def step(one: str, other: str) -> Measurement:
            return combine(np.subtract, self.energy(other, self.current), self.energy(one, self.current))

        words = f"growth of the distance from real data, {self.line[0]} to {self.line[-1].split()[1]}"
        change = self.fact(words, step(self.line[0], self.line[-1]), self.tolerances.distance)
        change = replace(change, no=ruled_out(change.no, self.still.no))
        return self._steady(change, lambda one, other: self.fact("", step(one, other), 0.0).yes), change

    def _narrowing(self) -> tuple[Fact, Fact]:
        def step(one: str, other: str) -> Measurement:
            return combine(np.subtract, self.mean(one, one), self.mean(other, other))

        first, last = self.line[0], self.line[-1]
        words = f"loss of spread, {first} to {last.split()[1]}"
        own = self.fact(words, step(first, last), self.tolerances.spread)
        real = self.fact("spread below that of real data", step(self.current, last), self.tolerances.spread)
        change = both(own, real)
        return self._steady(change, lambda one, other: self.fact("", step(one, other), 0.0).yes), change

    def _thinning(self) -> tuple[Fact, Fact]:
        found = self._parts("reference")
        names = {*self.line, self.current, "reference"}
        rows = {name: len(self.points(name)) for name in names}
        count = {name: found.tails(self.points(name)) for name in names}

        def step(one: str, other: str, kept: float, words: str = "") -> Fact:
            return share_fact(words, (count[other], rows[other], count[one], rows[one]), kept)

        first, last, now, kept = self.line[0], self.line[-1], self.current, self.tolerances.kept
        words = f"loss of tails, {first} to {last.split()[1]}"
        own, real = step(first, last, kept, words), step(now, last, kept, "tails below the real ones")
        # what is not lost against both together is not lost against each of them
        both_counts = count[last], rows[last], count[first] + count[now], rows[first] + rows[now]
        there = share_fact("", both_counts, kept).no
        # where the real tails of now are gone there is nothing to lose; rarer, so a tenth is spent on it
        gone = step("reference", now, kept).yes
        change = replace(both(own, real), no=min(1.0, there / 0.9, gone / 0.1))
        return self._steady(change, lambda one, other: step(one, other, 1.0).yes), change

    def _dwindling(self) -> tuple[tuple[Fact, Fact], ...]:
        """Of labels and words: fewer and fewer of the rare ones are there, though their mass is kept."""
        samples = dict(self.evidence.samples())
        left = rare_left([samples[name] for name in self.line], samples[self.current], self.seed)
        if left is None:
            return ()
        log = dict(zip(self.line, left, strict=True))

        def step(one: str, other: str, tolerance: float, words: str = "") -> Fact:
            (before, error), (after, other_error) = log[one], log[other]
            return normal_fact(words, before - after, math.hypot(error, other_error), tolerance, self.level)

        first, last = self.line[0], self.line[-1]
        words = f"logarithm by which the tail sample fell, {first} to {last.split()[1]}"
        change = step(first, last, -math.log(self.tolerances.kept), words)
        return ((self._steady(change, lambda one, other: step(one, other, 0.0).yes), change),)

    def _parts(self, name: str) -> Parts:
        return parts(self.points(name), self.evidence.reference.kind, self.seed)

    def missing(self) -> Fact | None:
        """None where the real data has no two modes."""
        real = "reference" if self.evidence.training is None else "training"
        found = self._parts(real)
        theirs, ours = found.modes(self.points(real)), found.modes(self.points(self.line[0]))
        rows, others = len(self.points(self.line[0])), len(self.points(real))
        followed = np.flatnonzero(theirs >= SHARE * others)
        if len(followed) < 2:
            return None
        words = "loss of the mode of the {} data that the first output has least of ({} real rows of {})"
        facts = [
            share_fact(
                words.format("training" if real == "training" else "real", theirs[mode], others),
                (int(ours[mode]), rows, int(theirs[mode]), others),
                self.tolerances.kept,
            )
            for mode in followed
        ]
        # the largest always, so that an exclusion is never by no test at all
        large = theirs[followed] >= min(LARGE * others, theirs.max())
        suspected = np.array([each.yes <= SUSPECTED for each in facts])
        return replace(either(facts), no=max(facts[at].no for at in np.flatnonzero(large | suspected)))

    @property
    def _old(self) -> str:
        given = self.evidence
        return "old_task" if given.old_task else "training" if given.training else "reference"

    def _checkpoints(self) -> tuple[str, ...]:
        """First and last, if there are any."""
        steps = sorted(self.evidence.checkpoints)
        return (f"checkpoint {steps[0]}", f"checkpoint {steps[-1]}") if steps else ()

    def forgot(self) -> Fact:
        first, last = self._checkpoints()
        growth = combine(np.subtract, self.energy(last, self._old), self.energy(first, self._old))
        words = "growth of the distance from the data of the old task along training"
        return self.fact(words, growth, self.tolerances.distance)

    def learned(self) -> Fact:
        first, last = self._checkpoints()
        fall = combine(np.subtract, self.energy(first, "new_task"), self.energy(last, "new_task"))
        words = "fall of the distance from the data of the new task along training"
        return self.fact(words, fall, self.tolerances.distance)

    def kept(self) -> Fact:
        first, last = self._checkpoints()
        return self.apart("distance of the last checkpoint from the first", last, first)

    def intact(self) -> Fact:
        last = (*self.line, *self._checkpoints())[-1]
        return self.apart("distance of the output from the data of the old task", last, self._old)
