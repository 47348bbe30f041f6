"""Simulated worlds in which it is known why a model is off, for the differential diagnosis.

A world has a law (a mixture of normals, Zipf labels, or texts on topics), and each cause is planted in it by
what the cause is, never by what the diagnosis looks at. Page and tests about them live elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from headwater.measures.causes import Ancestry, Evidence
from headwater.samples.values import Array, Kind, Sample

ROWS = 700
GENERATIONS = 12

FEATURES = 4
LABELS = 30
TOPICS = 4
VOCABULARY = 20
"""Words of each topic, and words that all topics share."""

WORDS = 60
"""Words of a text."""

BUDGET = 40
"""Labels, or words of each topic, that a collapsing model learns from."""

ROWS_EACH = 10
"""Rows of each normal component that it learns from."""


@dataclass(frozen=True, eq=False)
class Law:
    """Shares of components, and what each is like.

    Attributes
    ----------
    shares
        (components,).
    places
        (components, features) means, or (components, words) shares of words; no columns for labels.
    widths
        (components, features) standard deviations; no columns unless numeric.
    """

    kind: Kind
    shares: Array
    places: Array
    widths: Array

    def draw(self, rng: Generator, rows: int = ROWS) -> Sample:
        """Independent rows."""
        component = rng.choice(len(self.shares), rows, p=self.shares)
        if self.kind == "numeric":
            noise = rng.standard_normal((rows, FEATURES))
            return Sample.of(self.places[component] + self.widths[component] * noise)
        if self.kind == "categorical":
            return Sample.of([f"label{each}" for each in component], kind="categorical")
        names = np.array([f"word{each}" for each in range(self.places.shape[1])])
        words = np.empty((rows, WORDS), int)
        for topic, shares in enumerate(self.places):
            mine = component == topic
            words[mine] = rng.choice(len(names), (mine.sum(), WORDS), p=shares / shares.sum())
        return Sample.of([" ".join(row) for row in names[words]], kind="text")

    def refitted(self, rng: Generator, real: Law, kept: float) -> Law:
        """What is learned from a few rows of this law, and a part of real ones."""
        rows = ROWS_EACH * len(self.shares) if self.kind == "numeric" else BUDGET
        counts = rng.multinomial(rows, (1 - kept) * self.shares + kept * real.shares)
        law = replace(self, shares=counts / rows)
        if self.kind == "text":
            mixed = (1 - kept) * self.places + kept * real.places
            return replace(
                law, places=np.array([rng.multinomial(BUDGET, row / row.sum()) for row in mixed]) / BUDGET
            )
        if self.kind == "categorical":
            return law
        seen = np.maximum(counts, 2)[:, None]
        noise = rng.standard_normal(self.places.shape)
        places = self.places + self.widths * noise / np.sqrt(seen)
        # as by maximum likelihood: a part of the variance is lost with every fit
        widths = self.widths * np.sqrt(rng.chisquare(seen - 1, size=self.widths.shape) / seen)
        return replace(
            law,
            places=(1 - kept) * places + kept * real.places,
            widths=(1 - kept) * widths + kept * real.widths,
        )

    def shifted(self, rng: Generator, size: float) -> Law:
        """Elsewhere: one normal moves by that many standard deviations, several give that share to one."""
        if len(self.shares) == 1:
            step = rng.standard_normal(FEATURES)
            step *= 2 * size * np.sqrt(FEATURES) / np.linalg.norm(step)
            return replace(self, places=self.places + step * self.widths)
        favoured = int(rng.integers(len(self.shares)))
        shares = (1 - size) * self.shares
        shares[favoured] += size
        return replace(self, shares=shares)

    def toward(self, other: Law, share: float) -> Law:
        """Part of the way."""
        places = (1 - share) * self.places + share * other.places
        return replace(self, shares=(1 - share) * self.shares + share * other.shares, places=places)


def zipf(count: int) -> Array:
    """Shares of ranks, as one over the rank."""
    shares = 1.0 / np.arange(1, count + 1)
    return np.asarray(shares / shares.sum())


def some_law(rng: Generator, kind: Kind, several: bool = False) -> Law:
    """A law at random: one normal or several, Zipf labels, or topics."""
    if kind == "categorical":
        none = np.zeros((LABELS, 0))
        return Law(kind, zipf(LABELS), none, none)
    if kind == "text":
        own = np.kron(np.eye(TOPICS), 0.85 * zipf(VOCABULARY))
        places = np.hstack([own, np.tile(0.15 * zipf(VOCABULARY), (TOPICS, 1))])
        return Law(kind, np.full(TOPICS, 1 / TOPICS), places, np.zeros((TOPICS, 0)))
    modes = 5 if several or rng.random() < 0.5 else 1
    shares = rng.dirichlet(np.full(modes, 20.0))
    places = 6.0 * rng.permutation(np.eye(FEATURES + 1, FEATURES))[:modes]
    return Law(kind, shares, places, rng.uniform(0.7, 1.0, (modes, FEATURES)))


def healthy(rng: Generator, kind: Kind) -> Evidence:
    """Every generation is trained on plenty of real data, alone or with some of the last one's output."""
    law = some_law(rng, kind)
    return _evidence(rng, law, [law] * GENERATIONS, ancestry=("real", "mixed")[rng.integers(2)])


def collapse(rng: Generator, kind: Kind) -> Evidence:
    """Every generation learns from a few rows of the one before, and in half of the worlds 3 % real ones."""
    law = some_law(rng, kind)
    kept = 0.03 * int(rng.integers(2))
    line = [law]
    while len(line) < GENERATIONS:
        line.append(line[-1].refitted(rng, law, kept))
    return _evidence(rng, law, line, ancestry="mixed" if kept else "synthetic")


def forgetting(rng: Generator, kind: Kind) -> Evidence:
    """The last model was healthy, and then trained on another task."""
    law = some_law(rng, kind)
    task = law.shifted(rng, 0.6)
    path = [law.toward(task, share) for share in (0.0, 0.3, 0.6, 0.9)]
    given = _evidence(rng, law, [law, law, path[-1]], ancestry="real")
    checkpoints = {step: each.draw(rng) for step, each in enumerate(path)}
    return replace(given, checkpoints=checkpoints, old_task=law.draw(rng), new_task=task.draw(rng))


def mode_collapse(rng: Generator, kind: Kind) -> Evidence:
    """Every generation is trained on real data, and never learns some of its components."""
    law = some_law(rng, kind, several=True)
    shares = law.shares.copy()
    # of Zipf labels, one of the four most frequent
    shares[rng.choice(min(len(shares), 4), 1 + int(kind == "numeric"), replace=False)] = 0.0
    model = replace(law, shares=shares / shares.sum())
    return _evidence(rng, law, [model] * GENERATIONS, ancestry="real")


def drift(rng: Generator, kind: Kind) -> Evidence:
    """The world moves; the line stays as it was, or follows, or is off elsewhere and not seen."""
    law = some_law(rng, kind)
    now = law.shifted(rng, rng.uniform(0.5, 0.7))
    way = rng.integers(3)
    if way == 0:
        return _evidence(rng, law, [law] * GENERATIONS, now, ancestry="real")
    if way == 1:
        line = [law.toward(now, share) for share in np.linspace(0, 1, GENERATIONS)]
        return _evidence(rng, law, line, now, ancestry=("real", "mixed")[rng.integers(2)])
    line = [law.shifted(rng, 0.4)] * GENERATIONS
    return replace(_evidence(rng, law, line, now, ancestry="real"), deployed=False)


def performative(rng: Generator, kind: Kind) -> Evidence:
    """The output was off, and the world moved most of the way to it; the line stays, or leads on."""
    law = some_law(rng, kind)
    output = law.shifted(rng, 0.4)
    now = law.toward(output, rng.uniform(0.8, 1.0))
    line = [output] * GENERATIONS
    if len(law.shares) == 1 and rng.random() < 0.5:
        line = [law.toward(output, share) for share in np.linspace(1, 1.5, GENERATIONS)]
    return _evidence(rng, law, line, now, ancestry="real")


def _evidence(
    rng: Generator, law: Law, line: list[Law], now: Law | None = None, ancestry: Ancestry = "real"
) -> Evidence:
    """All that could be known, of a training that went from a single wide component to the last model."""
    one = np.eye(len(law.shares))[-1]
    rough = replace(line[-1], shares=one, widths=4 * line[-1].widths)
    return Evidence(
        generations={generation: each.draw(rng) for generation, each in enumerate(line)},
        reference=law.draw(rng),
        newer=(now or law).draw(rng),
        training=law.draw(rng),
        checkpoints={step: each.draw(rng) for step, each in enumerate((rough, line[-1]))},
        ancestry=ancestry,
        deployed=True,
    )


CAUSES: dict[str, Callable[[Generator, Kind], Evidence]] = {
    "none": healthy,
    "collapse": collapse,
    "forgetting": forgetting,
    "mode collapse": mode_collapse,
    "drift": drift,
    "performative": performative,
}
"""What is true in a world, and how one is made."""


def without_newer(evidence: Evidence) -> Evidence:
    """No newer real data."""
    return replace(evidence, newer=None)


def without_ancestry(evidence: Evidence) -> Evidence:
    """Lineage not known."""
    return replace(evidence, ancestry=None)


def first_generation(evidence: Evidence) -> Evidence:
    """Output of the first generation only, and checkpoints if the training data changed."""
    first = min(evidence.generations)
    return replace(evidence, generations={first: evidence.generations[first]})


EVIDENCE: dict[str, Callable[[Evidence], Evidence]] = {
    "full evidence": lambda evidence: evidence,
    "no newer reference": without_newer,
    "no ancestry": without_ancestry,
    "first generation only": first_generation,
}
"""What of the evidence is left."""
