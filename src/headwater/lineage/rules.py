"""What the records leave open, and how a user decides it: the rules.

Every part has a default that the report states. Patterns are shell patterns (``*``, ``?``,
``[abc]``; ``[[]`` is a bracket itself), and case counts. `rules_file` reads rules from YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, get_args

from headwater.lineage.facts import NOWHERE, Kind, Place

Meaning = Literal[
    "generated",
    "labelled",
    "translated",
    "trained-on",
    "derived",
    "filtered",
    "judged",
    "initialised",
    "evaluated-on",
    "drop",
]
"""What a relation can be taken to mean; the first five put data into training."""

Applications = Literal["loops", "all", "none"]
Unresolved = Literal["source", "external"]
Varying = Literal["unknown", "last", "least", "most"]
Unsplit = Literal["unknown", "even"]
Sampling = Literal["fresh", "fixed"]
Prompts = Literal["nothing", "data"]
Overwrites = Literal["generations", "one"]
Siblings = Literal["apart", "together"]

MEANINGS: tuple[Meaning, ...] = get_args(Meaning)
FLOWING: frozenset[str] = frozenset(("generated", "labelled", "translated", "trained-on", "derived"))
MADE_BY_MODEL: frozenset[str] = frozenset(("generated", "labelled", "translated"))

PLACEHOLDERS = (
    "generator",
    "imagefolder",
    "audiofolder",
    "webdataset",
    "json",
    "csv",
    "parquet",
    "arrow",
    "text",
    "dataset",
    "dataset[12]",
    "custom",
    "private",
    "proprietary",
    "other",
    "other-*",
    "your[-_]dataset[-_]name",
    "my-dataset",
    "training data",
    "evaluation data",
    "test data",
)
"""What tools write where the name of a dataset should be, case aside; each use is another one."""


@dataclass(frozen=True, slots=True)
class RoleRule:
    """What a relation of an asset like `to` with a name like `from_` is for.

    `word` is held against the record's own word for the relation, such as ``base_model``.
    """

    from_: str
    to: str
    role: Meaning
    place: Place = NOWHERE
    word: str = "*"

    def fits(self, providers: Iterable[str], learner: str, word: str = "") -> bool:
        """Whether the rule is about this relation, under any of the provider's names."""
        return (
            fnmatchcase(learner, self.to)
            and fnmatchcase(word, self.word)
            and any(fnmatchcase(name, self.from_) for name in providers)
        )

    def __str__(self) -> str:
        word = "" if self.word == "*" else f" ({self.word})"
        return f"{self.from_} -> {self.to}{word}: {self.role}"


@dataclass(frozen=True, slots=True)
class Alias:
    """The asset that a written name means; its kind where the name alone does not tell."""

    name: str
    kind: Kind | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class KindRule:
    """What an asset of a name like `name` is, where the record does not say."""

    name: str
    kind: Kind
    place: Place = NOWHERE

    def __str__(self) -> str:
        return f"{self.name} is a {self.kind}"


@dataclass(frozen=True, slots=True)
class FoldRule:
    """How versions of one node are told by a text, whose group ``gen`` is the generation.

    Attributes
    ----------
    match
        A regular expression with a group ``gen`` of digits; what it matches is taken out of the
        name, or a group ``name`` is the name of the node.
    text
        ``name``, ``version``, or the label to look at, such as ``param.iteration``: of the asset, or of
        the run that made it.
    kind
        The kind of asset it is for; ``None``: all.
    """

    match: re.Pattern[str]
    text: str = "name"
    kind: Kind | None = None
    place: Place = NOWHERE

    def __str__(self) -> str:
        return f"{self.text} like {self.match.pattern}"


@dataclass(frozen=True, slots=True)
class RunRule:
    """What a run trained, where its record names no model and no data: told from labels.

    Attributes
    ----------
    where
        Patterns by label that a run must fit.
    model, generated_by, trained_on
        Names of the model it trained, the model that wrote its data, and real data it used.
    generation, samples
        The labels that hold the generation and the count of generated samples.
    """

    where: Mapping[str, str]
    model: str
    generation: str
    generated_by: str = ""
    trained_on: str = ""
    samples: str = ""
    place: Place = NOWHERE

    def __str__(self) -> str:
        fit = ", ".join(f"{label} like {pattern}" for label, pattern in self.where.items())
        return f"runs with {fit} train {self.model}"


@dataclass(frozen=True, slots=True)
class Record:
    """One of several records that make one graph: a format and a path."""

    format: str
    path: str
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Rules:
    """How facts become a graph, where the records leave it open.

    Parameters
    ----------
    roles, kinds, fold, runs
        Each tried in order; the first that fits decides.
    aliases
        Written name to asset.
    placeholders
        Patterns of names that stand for no dataset in particular: each use becomes a node of its own.
    applications
        Whether an application passes models' output on into datasets: only where that closes
        a cycle of the records (``loops``), always (``all``) or never (``none``).
    unresolved
        What a name that no record has is: a real ``source``, or an ``external`` model.
    overwrites
        Whether an asset that several runs wrote under one name has a version for each, in the order
        of time (``generations``), or is ``one`` asset.
    siblings
        Whether runs of which the record says that one came after another, and no more, are one run.
    prompts
        Whether data that a run reads beside a model, and that then writes data, are in what it
        writes (``data``) or only steer it (``nothing``).
    varying
        The count of a flow whose generations brought different ones.
    unsplit
        How samples of several generators with one total are shared among them.
    sources
        Whether real data of which the records tell no version are new every generation.
    records
        What to read, where the command line does not say.
    """

    roles: tuple[RoleRule, ...] = ()
    kinds: tuple[KindRule, ...] = ()
    fold: tuple[FoldRule, ...] = ()
    runs: tuple[RunRule, ...] = ()
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    placeholders: tuple[str, ...] = PLACEHOLDERS
    applications: Applications = "loops"
    unresolved: Unresolved = "source"
    overwrites: Overwrites = "generations"
    siblings: Siblings = "apart"
    prompts: Prompts = "nothing"
    varying: Varying = "unknown"
    unsplit: Unsplit = "unknown"
    sources: Sampling = "fresh"
    records: tuple[Record, ...] = ()
