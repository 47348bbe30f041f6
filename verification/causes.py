"""The page on causes: how often simulated worlds are given the cause that they have, as Markdown.

``python -m verification.causes`` writes it. The worlds are in `verification.worlds`.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headwater.files import write_bytes
from headwater.measures.causes import Evidence, differential
from headwater.samples.values import Kind, Sample
from verification.worlds import CAUSES, EVIDENCE, GENERATIONS, ROWS

SEED = 20_260_611
RUNS = 104
PAGE = Path(__file__).parents[1] / "docs" / "causes.md"
KINDS: tuple[Kind, ...] = ("numeric",) * 5 + ("categorical",) * 2 + ("text",)
"""Of successive runs, over and over."""

ANSWERS = (*CAUSES, "cannot tell")
DIMENSIONS = (1, 2, 4, 8)

HEAD = """# Is it collapse at all?

A model may lose what real data has for reasons other than learning from models. `headwater.measures.causes`
weighs five, each by what it is, and says which are shown, which are excluded, and what would decide the rest.

- *Collapse*: loss that goes on over more than one transition (distance from real data grows, or spread or
  tails fall), and synthetic ancestry; where models learn from real data too, newer real data is needed.
  Excluded if there is no such loss, or ancestry is real.
- *Forgetting*: along one training, distance from the old task grows and that from the new task falls.
  Excluded if nothing of the old task is lost.
- *Mode collapse*: the first generation has less than half of a mode of its own training set. Excluded if
  every mode is there.
- *Drift*: newer real data differs from older, and not in the direction of the output. Excluded if it does
  not differ.
- *Performative prediction*: the output was off, the world moved, came nearer to it, in its direction,
  and sees the output. Excluded if any of these is not so.

Every effect is tested against a tolerance, from both sides, so that many rows alone decide nothing. A cause
is shown at 0.01 / 5 by all the tests it needs, and excluded at 0.01; *none* needs all five excluded and the
last output within tolerance of real data. What is neither is *cannot tell*.

## Confusion

Rows: what was true. Columns: the answer, of {runs} worlds a row. Samples have {rows} rows, lines up to
{generations} generations, and laws are mixtures of normals in four features (five of eight), Zipf labels
(two of eight) or texts on topics (one of eight); in half of the collapsing worlds models also see 3 % of
real data. Sizes of effects were set in trial runs; no seed was chosen for its outcome.
"""

FOUND = """
## What was found

- With full evidence, {right:.1%} of answers are right and {wrong:.1%} are wrong (*cannot tell* is
  neither); the least often recognised cause is {worst}, at {least:.0%}.
- With evidence missing, {blind:.1%} of answers are wrong.
- Without newer real data, drift and performative prediction cannot be seen at all, nor health: a line that
  is as it always was may be out of date. Collapse is still shown where ancestry is all synthetic, because a
  world that moves cannot move a model that never sees it.
- Without ancestry, a line that loses more and more is not called collapse: later generations may have been
  trained on less data, or on a poorer part of it. The lineage would decide.
- With the first generation only, collapse cannot be shown; it is excluded only by real ancestry.
- More than one cause was shown in {several} of {all} worlds with full evidence.

## Chance that looks performative

A world that drifts blindly, beside a model that is off and that it sees, may happen to drift toward the
model. From samples alone this cannot be told from a cause; only newer data from where the output
is not seen could. So often blind drift in a random direction was called performative, of {runs} worlds each:

| features | performative | drift | cannot tell |
|---|---|---|---|
"""

LIMITS = """
## Limits

- Tolerances are shares of the mean distance of two real rows, over all features together: 0.02 is a shift of
  every feature by a fifth of a standard deviation, or of one of d features by a fifth of √d. Where
  a change of few features matters, give these alone, or a smaller tolerance.
- Words are hashed, and texts compared by their leading directions: order of words is not looked at.
- Modes of fewer than 2 % of the rows are not followed, and those of fewer than 10 % block *none* only if
  they seem to be lost. Modes that shift far enough to be taken for others count as lost.
- If newer real data holds the model's own output, the world seems to have moved toward it: clean it first.
- Planted effects are large compared with the tolerances. Smaller ones end in *cannot tell* more often, and
  within tolerance they count as no effect.

## Repeat it

```console
$ python -m verification.causes
```

writes this page anew ({seconds:.0f} s of one core when it was last written); `--runs` and `--seed` draw
more or other worlds.
"""


@dataclass(frozen=True)
class Confusion:
    """How often each answer was given.

    Attributes
    ----------
    counts
        By what evidence was left, what was true and what was answered.
    several
        Worlds with full evidence in which more than one cause was shown.
    """

    counts: Counter[tuple[str, str, str]]
    several: int

    def rate(self, evidence: str, true: str, answer: str) -> float:
        """Share of the answers to worlds of that truth with that evidence."""
        total = sum(self.counts[evidence, true, each] for each in ANSWERS)
        return self.counts[evidence, true, answer] / total

    def wrong(self, evidence: str) -> float:
        """Share of all answers that are neither true nor *cannot tell*."""
        rates = (
            self.rate(evidence, true, answer)
            for true in CAUSES
            for answer in ANSWERS
            if answer not in (true, "cannot tell")
        )
        return sum(rates) / len(CAUSES)


def world(true: str, run: int, seed: int) -> Evidence:
    """Full evidence from one world; the kind of its samples goes by the run."""
    rng = np.random.default_rng((seed, list(CAUSES).index(true), run))
    return CAUSES[true](rng, KINDS[run % len(KINDS)])


def confusion(runs: int, seed: int) -> Confusion:
    """Of that many worlds of each cause, with all evidence and with less."""
    counts: Counter[tuple[str, str, str]] = Counter()
    several = 0
    for true in CAUSES:
        for run in range(runs):
            full = world(true, run, seed)
            for evidence, left in EVIDENCE.items():
                found = differential(left(full))
                counts[evidence, true, found.answer] += 1
                several += bool(found.also) and evidence == "full evidence"
    return Confusion(counts, several)


def blind(dimensions: int, runs: int, seed: int) -> Counter[str]:
    """Answers where world and model each went their own way from one normal law, and the world looks."""
    answers: Counter[str] = Counter()
    for run in range(runs):
        rng = np.random.default_rng((seed, dimensions, run))
        steps = rng.standard_normal((2, dimensions))
        steps /= np.linalg.norm(steps, axis=1, keepdims=True) / np.sqrt(dimensions)
        output, newer = (Sample.of(rng.standard_normal((ROWS, dimensions)) + step) for step in steps)
        reference = Sample.of(rng.standard_normal((ROWS, dimensions)))
        given = Evidence({0: output}, reference, newer, ancestry="real", deployed=True)
        answers[differential(given).answer] += 1
    return answers


def page(found: Confusion, chances: dict[int, Counter[str]], runs: int, seconds: float) -> str:
    """The whole page, in Markdown."""
    full = "full evidence"
    rates = {true: found.rate(full, true, true) for true in CAUSES}
    worst = min(rates, key=lambda true: rates[true])
    less = [evidence for evidence in EVIDENCE if evidence != full]
    parts = [HEAD.format(runs=runs, rows=ROWS, generations=GENERATIONS)]
    parts += [_table(found, evidence) for evidence in EVIDENCE]
    parts.append(
        FOUND.format(
            runs=runs,
            right=sum(rates.values()) / len(rates),
            wrong=found.wrong(full),
            worst=f"*{worst}*",
            least=rates[worst],
            blind=sum(found.wrong(each) for each in less) / len(less),
            several=found.several,
            all=runs * len(CAUSES),
        )
    )
    for dimensions, answers in chances.items():
        cells = (str(answers[each]) for each in ("performative", "drift", "cannot tell"))
        parts.append(f"| {dimensions} | {' | '.join(cells)} |\n")
    parts.append(LIMITS.format(seconds=seconds))
    return "".join(parts)


def _table(found: Confusion, evidence: str) -> str:
    lines = [f"\n### {evidence[0].upper()}{evidence[1:]}\n", f"| true | {' | '.join(ANSWERS)} |"]
    lines.append("|---" * (len(ANSWERS) + 1) + "|")
    for true in CAUSES:
        cells = (str(found.counts[evidence, true, answer] or "·") for answer in ANSWERS)
        lines.append(f"| {true} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw the worlds, then write the page."""
    parser = argparse.ArgumentParser(prog="python -m verification.causes", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"worlds of each cause ({RUNS})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of all draws ({SEED})")
    parser.add_argument("--output", type=Path, default=PAGE)
    given = parser.parse_args()
    start = time.process_time()
    found = confusion(given.runs, given.seed)
    chances = {each: blind(each, given.runs, given.seed) for each in DIMENSIONS}
    text = page(found, chances, given.runs, time.process_time() - start)
    write_bytes(given.output, text.encode())


if __name__ == "__main__":
    main()
