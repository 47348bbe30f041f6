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

Everything that Headwater predicts is held here to its own simulation, and its simulation to formulas and numbers of
the literature. Each row is a sentence about means over replicates; keys such as `[suresh2024rate]` are entries of
`references.bib`. Nothing is drawn twice, no seed was chosen, and a row that fails is not left out.

**How to read it.** There are three kinds of row.

- *agrees*: the sentence says that means are equal to, at most or at least something. `p` is the chance that a right
  sentence looks at least this wrong in any of its comparisons (one comparison is one model at one generation on one
  graph; Bonferroni over all of them). Small is bad.
- *shown*: the sentence says that something is near, above or below something else, and the burden of proof is on it.
  `p` is the chance that it looks this right although it is wrong. Small is good.
- *refused, as it must be*: the same draws are held to something that is wrong: the law of another regime, another
  divisor, one fit more. `p` is as in the first kind. Small is good: a check that accepts everything shows nothing.

Comparisons where a few of the replicates carry the mean are not judged, and counted in brackets. Errors of skewed
means are corrected `[hall1992skewness]`.

The exact laws are held to the simulation on these graphs, with all of their models and generations: a lone loop, a
loop with real data, rings of four (closed and grounded), a complete graph of three, a star, a chain with a poisoned
edge, three random digraphs, two models on one archive (of which they take a part, or one of them the whole), two
models that learn from a frozen one, and unequal loss weights. Where no exact law is known, a graph is left out:
unequal weights under accumulate-subsample or with ddof 1; for least squares unequal weights, archives, and every
regime but replace.
"""

REPEAT = """\
## Repeat it

```console
$ python -m verification
```

from a clone with the development requirements (`make verify` does the same) writes this page anew and ends with
status 1 if a row is not as it should be; `--workers 2` shares the work, `--seed` draws anew, `--only TEXT` runs the rows
that contain a text, and `--quick` the part that runs with the tests.
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
    smallest = min((finding.p_value for finding in agreeing), default=1.0)
    seconds = sum(judged.seconds for judged in table.claims)
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    outcome = "Everything is as it should be" if table.right else f"{len(table.wrong)} rows are NOT as they should be"
    lines = [
        f"**Outcome: {outcome}**, in {len(findings)} rows: {len(agreeing)} that must agree, {len(shown)} to be shown, "
        f"{len(wrong)} to be refused; {sum(finding.comparisons for finding in findings):,} comparisons.",
        "",
        f"A row is decided at p = {table.threshold:.1e}, so that anything right is refused anywhere with a chance of "
        f"{FALSE_ALARM:g} or less.",
        f"The smallest p of the {len(agreeing)} rows that must agree is {number(smallest)}; if all are right, one below "
        f"{0.05 / max(len(agreeing), 1):.1e} has a chance of 5 % or less.",
        f"Whether these p-values are too small as a whole (one-sided Kolmogorov-Smirnov test, {len(table.independent)} "
        f"independent rows): p = {number(table.too_small)}.",
        "",
        f"Seed {seed}; Python {platform.python_version()}, {packages}; "
        f"{platform.system()} {platform.machine()}; {seconds / 60:.0f} minutes of one core.",
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
