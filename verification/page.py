"""The table as a page of the documents."""

from __future__ import annotations

import platform
from importlib.metadata import version
from itertools import groupby

from verification.claims import SHOWN, Finding
from verification.matrix import FALSE_ALARM, SEED, Table

PACKAGES = ("headwater", "numpy", "scipy", "xarray")

INTRODUCTION = """\
# Verification

What Headwater predicts is held here to its own simulation, and its simulation to formulas and numbers of
the literature. Each row is a sentence about means over replicates; keys such as
`[suresh2024rate]` are entries of `references.bib`. No seed was chosen for its outcome, and a row that
fails is not left out. Replicates and margins were set in trial runs, so that what is to be shown can be.

**How to read it.** There are three kinds of row.

- *agrees*: the sentence says that means are equal to, at most or at least something. `p` is the chance
  that a right sentence looks at least this wrong in any of its comparisons (one comparison is one model
  at one generation on one graph; Bonferroni over all of them). Small is bad.
- *shown*: the sentence says that something is near, above or below something else, and the burden of
  proof is on it. `p` is the chance that it looks this right although it is wrong. Small is good.
- *refused, as it must be*: the same draws are held to something that is wrong: the law of another
  regime, another divisor, one fit more. `p` is as in the first kind. Small is good: a check that accepts
  everything shows nothing.

Rows that begin with dots, and those refused, share the draws of the row above them; other claims share
none. Comparisons where a few of the replicates carry the mean are not judged, and counted in brackets.
Errors of skewed means are corrected `[hall1992skewness]`.

The exact laws are held to the simulation on these graphs, with all of their models and generations: a
lone loop, a loop with real data, rings of four (closed and grounded), a complete graph of three, a star,
a chain with a poisoned edge, three random digraphs, two models on one archive (of which they take a
part, or one of them the whole), two models that learn from a frozen one, and unequal loss weights. Where
no exact law is known, a graph is left out: unequal weights under accumulate-subsample or with ddof 1;
for least squares unequal weights, archives, and every regime but replace.
"""

REPEAT = """\
## Repeat it

```console
$ python -m verification
```

from a clone with the development requirements (`make verify` does the same) writes this page anew and
ends with status 1 if a row is not as it should be; `--workers 2` shares the work, `--seed` draws anew,
`--only TEXT` runs the rows that contain a text, and `--quick` the part that runs with the tests.
"""


def page(table: Table, seed: int = SEED) -> str:
    """The whole page, in Markdown."""
    parts = [INTRODUCTION, summary(table, seed), REPEAT]
    for section, rows in groupby(table.findings, key=lambda finding: finding.section):
        parts += [f"## {section}\n", rows_as_text(list(rows), table.threshold)]
    return "\n".join(parts)


def summary(table: Table, seed: int) -> str:
    """The decision, and what it rests on."""
    findings = table.findings
    agreeing = [finding for finding in findings if finding.how not in SHOWN and not finding.wrong]
    shown = [finding for finding in findings if finding.how in SHOWN]
    wrong = [finding for finding in findings if finding.wrong]
    smallest = number(min((finding.p_value for finding in agreeing), default=1.0))
    rare = 0.05 / max(len(agreeing), 1)
    seconds = sum(judged.seconds for judged in table.claims)
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    bad = len(table.wrong)
    outcome = "Everything is as it should be"
    if not table.right:
        outcome = f"{bad} row{'' if bad == 1 else 's'} NOT as it should be"
    lines = [
        f"**Outcome: {outcome}**, in {len(findings)} rows:",
        f"{len(agreeing)} that must agree, {len(shown)} to be shown, {len(wrong)} to be refused;",
        f"{sum(finding.comparisons for finding in findings):,} comparisons.",
        "",
        f"A row is decided at p = {table.threshold:.1e}: where everything is right, one is refused",
        f"with a chance of {FALSE_ALARM:g} or less. The smallest p of the {len(agreeing)} rows that must",
        f"agree is {smallest}; one below {rare:.1e} has a chance of 5 % or less. Whether they are too small",
        "as a whole (one-sided Kolmogorov-Smirnov test, the first row of each such claim,",
        f"{len(table.independent)} of them): p = {number(table.too_small)}.",
        "",
        f"Seed {seed}; Python {platform.python_version()}, {packages}; "
        f"{platform.system()} {platform.machine()}; {seconds / 60:.0f} minutes of work.",
        "",
    ]
    return "\n".join(lines)


def rows_as_text(findings: list[Finding], threshold: float) -> str:
    """One section."""
    lines = ["| claim | replicates | comparisons | p | outcome |", "|---|--:|--:|--:|---|"]
    for finding in findings:
        left = f" ({finding.not_judged:,})" if finding.not_judged else ""
        lines.append(
            f"| {finding.sentence} | {finding.replicates:,} | {finding.comparisons:,}{left} | "
            f"{number(finding.p_value)} | {finding.outcome(threshold)} |"
        )
    return "\n".join([*lines, ""])


def number(p_value: float) -> str:
    """A p-value; what is far beyond doubt is not printed to the digit."""
    return "< 1e-12" if p_value < 1e-12 else f"{p_value:.2g}"
