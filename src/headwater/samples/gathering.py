"""What is kept of all models and generations, and how that of parts becomes that of the whole.

How rows come out of files is the business of `headwater.samples.reading`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from headwater.errors import SampleError
from headwater.samples.placing import Key
from headwater.samples.summary import Keep, Summary
from headwater.samples.values import Kind


@dataclass(frozen=True, eq=False)
class Gathered(Mapping[Key, Summary]):
    """Summaries by model and generation, in order.

    Those without a single good row are in `empty`, not in the mapping.

    Attributes
    ----------
    kind, names
        Of all samples.
    seed, keep
        That rows were chosen with.
    summaries
        All of them, empty ones too.
    lost
        Rows that could not be told a model and generation, by reason.
    """

    kind: Kind
    names: tuple[str, ...]
    seed: int
    keep: Keep
    summaries: Mapping[Key, Summary]
    lost: Mapping[str, int]

    def __getitem__(self, key: Key) -> Summary:
        """Of one model and generation."""
        found = self.summaries[key]
        if not found.count:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[Key]:
        """Models and generations, in order."""
        return iter([key for key in sorted(self.summaries) if self.summaries[key].count])

    def __len__(self) -> int:
        """How many have rows."""
        return sum(each.count > 0 for each in self.summaries.values())

    @property
    def empty(self) -> Mapping[Key, Summary]:
        """Those of which every row was left out."""
        return {key: each for key, each in self.summaries.items() if not each.count}

    @property
    def models(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(dict.fromkeys(model for model, _ in self))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was derived from names of files, columns ignored, and rows left out."""
        notes = list(dict.fromkeys(note for each in self.summaries.values() for note in each.notes))
        for (model, generation), each in sorted(self.summaries.items()):
            told = f"generation {generation} of {model!r}"
            notes += [f"{told}: {rows:,} rows left out: {why}" for why, rows in sorted(each.omitted.items())]
            notes += [] if each.count else [f"{told}: no row is left"]
        notes += [f"of no known generation: {rows:,} rows left out: {why}" for why, rows in self.lost.items()]
        return tuple(notes)

    def merge(self, other: Gathered, together: bool = False) -> Gathered:
        """What one pass over the files of both would have gathered.

        Parameters
        ----------
        other
            Gathered with the same seed and the same `Keep`.
        together
            Join what both have of one model at one generation; else that is refused.

        Raises
        ------
        SampleError
            If both have some model at some generation and that is not asked for, or a file of that
            is the same in both; or their kinds, features, seeds or `Keep` differ.
        """
        gathering = Gathering(self.seed, self.keep)
        gathering.add(self, together)
        gathering.add(other, together)
        return gathering.result()


@dataclass
class Gathering:
    """Summaries while they come in."""

    seed: int
    keep: Keep
    summaries: dict[Key, Summary] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)
    like: Gathered | None = None
    cut_at: int = 1

    def add(self, part: Gathered, together: bool) -> None:
        """Take in what was gathered elsewhere; see `Gathered.merge`."""
        if self.like is None or not len(self.like):
            self.like = part
        _check_alike(self.like, part, self.seed, self.keep)
        budget = self.keep.budget(part.kind, len(self.summaries.keys() | part.summaries.keys()))
        for key, summary in part.summaries.items():
            known = self.summaries.get(key)
            if known is not None:
                _check_overlap(key, known, summary, together)
                self.summaries[key] = known.merge(summary, budget)
            else:
                self.summaries[key] = replace(summary, kept=summary.kept.within(budget))
        self.lost += Counter(part.lost)
        if len(self.summaries) > 1.25 * self.cut_at:
            self._cut()

    def result(self) -> Gathered:
        """What has come in."""
        if self.like is None:
            raise SampleError("there is nothing to gather", "give at least one file")
        self._cut()
        return Gathered(
            self.like.kind, self.like.names, self.seed, self.keep, dict(self.summaries), dict(self.lost)
        )

    def _cut(self) -> None:
        """Share the memory again, among more."""
        assert self.like is not None
        self.cut_at = len(self.summaries)
        budget = self.keep.budget(self.like.kind, self.cut_at)
        for key, each in self.summaries.items():
            kept = each.kept.within(budget)
            if kept is not each.kept:
                self.summaries[key] = replace(each, kept=kept)


def _check_alike(first: Gathered, second: Gathered, seed: int, keep: Keep) -> None:
    if second.seed != seed or second.keep != keep:
        raise SampleError(
            "gathered with another seed, or told to keep other numbers of rows",
            "gather all parts with the same seed and the same `Keep`",
        )
    if not len(second):
        return
    if first.kind != second.kind:
        raise SampleError(f"{first.kind} samples and {second.kind} samples", "gather one kind at a time")
    if first.names != second.names:
        raise SampleError(
            f"the features differ: {_shown(first.names)} and {_shown(second.names)}",
            "give all files the same features",
        )


def _check_overlap(key: Key, first: Summary, second: Summary, together: bool) -> None:
    model, generation = key
    told = (
        f"generation {generation} of model {model!r:.60} is in {first.places[-1]} and in {second.places[0]}"
    )
    if not together:
        raise SampleError(
            told,
            "if both are parts of it, put them together (--together); "
            "if not, say where model and generation are in the names (--pattern '{model}-{generation}')",
        )
    names = {_base(place) for place in first.places}
    twice = [place for place in second.places if _base(place) in names]
    if twice:
        raise SampleError(
            f"{told}, and two of these files are called {_base(twice[0])!r:.80}",
            "is it the same file twice? rows are told apart by the file's name and their number: rename one",
        )


def _base(place: str) -> str:
    return place.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _shown(names: tuple[str, ...]) -> str:
    listed = ", ".join(name[:30] for name in names[:4])
    return f"{len(names)} ({listed}{', ...' if len(names) > 4 else ''})"
