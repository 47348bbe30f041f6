"""What ``headwater check`` says of real models on real data: writes docs/real-generations.md.

``python -m verification.real_generations --text wikitext.txt --housing housing.csv`` plays the loops of
`verification.real_loops` with and without real data kept; digits come with scikit-learn.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headwater.diagnosis.inspecting import inspect
from headwater.diagnosis.inspection import Context, Inspected
from headwater.files import write_bytes
from headwater.measures.definitions.values import DEFINITIONS
from headwater.monitoring.monitor import Monitor
from headwater.samples.values import Sample
from verification.real_loops import (
    Array,
    Loop,
    documents,
    gaussian,
    kernel_density,
    mixtures,
    play,
    words,
)

PAGE = Path(__file__).parents[1] / "docs" / "real-generations.md"
SEED = 20_260_521
GENERATIONS = 10
MARKS = {True: "**holds**", False: "no", None: "?"}

HEAD = """# What real generations did

Models of five kinds were trained on real data and then for {generations} generations on their own output:
once on nothing else (*replace*), once with the real data and all old output kept (*accumulate*).
`headwater check` saw what each generation wrote, and real data that no model was trained on. One history
each, seed {seed}; another seed gives another. Made by `python -m verification.real_generations`.

*Stages* are by generation, each told from the generations up to it. *Alarms* are the first time a score
rings: against real data, where a model that never fitted rings from the start, and against a second sample
of generation 0, where only what the loop did can ring. The chance of ever ringing in vain is 0.01 for each
history and reference.
"""


@dataclass(frozen=True)
class World:
    """One loop to be played, and what to say of it."""

    name: str
    about: str
    loop: Loop
    kept: bool


def main() -> int:
    """Play, check, and write the page; status 1 if the profiles do not read as the literature says."""
    parser = argparse.ArgumentParser(prog="python -m verification.real_generations", description=__doc__)
    parser.add_argument("--text", type=Path, nargs="+", required=True, help="real text, such as WikiText-2")
    parser.add_argument("--housing", type=Path, required=True, help="California housing, as CSV")
    parser.add_argument("--output", type=Path, default=PAGE)
    given = parser.parse_args()
    told, tables = [], []
    for world in worlds(given.text, given.housing):
        print(f"{world.name}, {'accumulate' if world.kept else 'replace'} ...", file=sys.stderr, flush=True)
        found = _checked(world, world.loop.real)
        tables.append(_definitions(world, found))
        told.append(_line(world, found, _checked(world, world.loop.start)))
    claims = _claims(tables)
    head = HEAD.format(generations=GENERATIONS, seed=SEED)
    page = "\n".join([head, *_summary(told), *_listed(claims), *_tables(tables)])
    write_bytes(given.output, page.encode())
    return 0 if all(claims.values()) else 1


def worlds(texts: list[Path], housing: Path) -> Iterator[World]:
    """Every kind of model, with and without real data kept."""
    text = documents("\n".join(path.read_text("utf-8") for path in texts))
    half = len(text) // 2
    rows, digits = _housing(housing), _digits()
    for kept in (False, True):
        for order, name in ((1, "unigram"), (3, "trigram")):
            about = f"WikiText-2, {half:,} documents of 50 words a generation"
            yield World(
                name, about, play("text", text, words(order), (half, half, GENERATIONS), kept, SEED), kept
            )
        for name, learner in (("Gaussian", gaussian()), ("kernel density", kernel_density())):
            about = f"California housing, {rows.shape[1]} columns; trained on 50 rows, 4,000 written"
            yield World(
                name, about, play("numeric", rows, learner, (50, 4_000, GENERATIONS), kept, SEED), kept
            )
        about = "digits, 8 principal components; trained on 300 rows, 4,000 written"
        loop = play("numeric", digits, mixtures(2), (300, 4_000, GENERATIONS), kept, SEED)
        yield World("mixture a class", about, _without_class(loop), kept)


def _housing(path: Path) -> Array:
    """Complete rows of the numeric columns, standardised."""
    with path.open(newline="") as file:
        table = list(csv.reader(file))
    rows = np.array([[float(each) for each in row[:9]] for row in table[1:] if all(row[:9])])
    return np.asarray((rows - rows.mean(axis=0)) / rows.std(axis=0))


def _digits() -> Array:
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA

    pixels, labels = load_digits(return_X_y=True)
    return np.column_stack([PCA(8, random_state=0).fit_transform(pixels), labels])


def _without_class(loop: Loop) -> Loop:
    """Digits alone: the class is a label, and labels have no variance."""
    real, start = (Sample.of(each.rows[:, :-1]) for each in (loop.real, loop.start))
    wrote = {at: Sample.of(each.rows[:, :-1]) for at, each in loop.generations.items()}
    return replace(loop, real=real, start=start, generations=wrote)


def _checked(world: World, reference: object) -> Inspected:
    samples = {("model", generation): each for generation, each in world.loop.generations.items()}
    context = Context(ancestry={"": "mixed" if world.kept else "synthetic"})
    return inspect(samples, Monitor(reference, seed=SEED), context=context).models["model"]  # type: ignore[arg-type]


def _line(world: World, found: Inspected, since: Inspected) -> list[str]:
    return [
        world.name,
        "accumulate" if world.kept else "replace",
        _stages(found),
        _alarms(found),
        _alarms(since),
        found.causes.answer if found.causes else "-",
    ]


def _stages(found: Inspected) -> str:
    steps, last = [], object()
    for generation, stage in found.stages.items():
        if stage != last:
            steps.append(f"{generation}: {stage or '?'}")
            last = stage
    return ", ".join(steps)


def _alarms(found: Inspected) -> str:
    first: dict[str, str] = {}
    for alarm in found.alarms:
        first.setdefault(alarm.metric, f"{alarm.generation}: {alarm.metric}")
    return ", ".join(first.values()) or "none"


def _summary(lines: list[list[str]]) -> Iterator[str]:
    yield "| model | regime | stages, from generation | alarms, real data | alarms, generation 0 | cause |"
    yield "|---|---|---|---|---|---|"
    for line in lines:
        yield f"| {' | '.join(line)} |"
    yield ""


def _definitions(world: World, found: Inspected) -> tuple[World, Inspected]:
    return world, found


def _claims(tables: list[tuple[World, Inspected]]) -> dict[str, bool]:
    """What the literature says of such loops, and whether these are so."""
    by = {(world.name, world.kept): found.profile for world, found in tables}
    names = sorted({world.name for world, _ in tables})
    texts = [name for name in names if name.endswith("gram")]
    lost = {name: by[name, False] for name in names}
    kept = {name: by[name, True] for name in names}
    return {
        "On its own output alone the risk of every model rises.": all(
            each["any_risk_increase"].holds for each in lost.values()
        ),
        "It rises more than where real data and old output are kept.": all(
            (lost[name]["any_risk_increase"].low or 0.0) > (kept[name]["any_risk_increase"].value or 0.0)
            for name in names
        ),
        "Tails go first: the language models have lost them, and neither variety nor modes.": all(
            lost[name]["tails"].holds and not lost[name]["collapsing_variance"].holds for name in texts
        ),
        "Accumulating keeps their tails.": all(kept[name]["tails"].holds is False for name in texts),
        "Accumulating prevents divergence: no risk is said to diverge, none rose catastrophically.": all(
            not each[name].holds for each in kept.values() for name in ("diverging_risk", "catastrophic_risk")
        ),
    }


def _listed(claims: dict[str, bool]) -> Iterator[str]:
    yield "## Held to the literature"
    yield ""
    for claim, right in claims.items():
        yield f"- {claim} {'So it is.' if right else '**Not so here.**'}"
    yield ""


def _tables(tables: list[tuple[World, Inspected]]) -> Iterator[str]:
    yield f"## The eight definitions after {GENERATIONS} generations"
    yield ""
    yield "`?`: cannot be told from these samples. Numbers with 95 % intervals; risk and variance against"
    yield "generation 0, modes, tails and support against real data."
    for world, found in tables:
        yield ""
        yield f"### {world.name}, {'accumulate' if world.kept else 'replace'}"
        yield ""
        yield f"{world.about}."
        yield ""
        yield "| definition | | number | threshold | units |"
        yield "|---|---|---|---|---|"
        for finding in found.profile.findings:
            title, mark = DEFINITIONS[finding.definition], MARKS[finding.holds]
            number = _number(finding.value, finding.low, finding.high)
            yield f"| {title} | {mark} | {number} | {finding.threshold:g} | {finding.units} |"
    yield ""


def _number(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "–"
    ends = "" if low is None or high is None else f" [{low:.3g}, {high:.3g}]"
    return f"{value:.3g}{ends}"


if __name__ == "__main__":
    sys.exit(main())
