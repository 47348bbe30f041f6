"""Scored forecasts as a page: where intervals hold, where they do not, and what honesty costs in width."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from verification.calibration import Scored

Array = NDArray[np.float64]

BANDS = ((1, 3), (4, 8), (9, 16))
"""Generations after the last one shown."""
GOAL = (0.85, 0.95)
LEVEL = 0.9
METHODS = {"headwater": "headwater", "linear": "linear regression", "last": "last value"}

HEAD = """# How far forecasts can be trusted
"""

HOW = """## How it was tried

`headwater calibrate` reads the measured risk of a model's first generations and forecasts the rest with
intervals that should hold 90 times in 100. Here that is tried on models that no law describes: mixtures
of normals, kernel density estimates and n-grams of a real text, played by Headwater's own simulation. Each
history was shown up to generation 4 (five generations, 0 to 4) or 5 (six, 0 to 5), forecast to
generation 20, and compared. Made by `python -m verification.calibration --text wikitext.txt`, seed {seed},
{histories} histories for each setting and graph. The text is the test part of WikiText-2: `test.txt` in
[pytorch/examples](https://github.com/pytorch/examples/tree/main/word_language_model/data/wikitext-2),
saved as `wikitext.txt`. There are four graphs: *lone loop*, a model that learns from nothing but its own last
output; *20 % real*, the same with a fifth of the samples real; *teacher-student*, a student that learns half
from itself and half from such a model with a fifth real, the student's risk being measured; and *accumulate*,
a lone loop that keeps all its old output.
"""

KINDS = {"gaussian-mixture": "mixtures of normals", "kernel-density": "kernel density", "n-gram": "n-grams"}
"""Families in a sentence."""

ADVICE = {
    "kernel-density": "Kernels by Scott's rule are as wide as the sample bids. Models that smooth what they "
    "learn may fare like that where real data should hold the loop: count on the upper end of the interval "
    "or more, and calibrate again with every generation you measure.",
}
"""What to do where intervals hold too seldom."""

REASONS = {
    "gaussian-mixture": "a closed loop of mixtures feeds on its own variance: a few histories run away, and "
    "end above the interval.",
    "kernel-density": "a rule that scales its kernels by the sample multiplies the variance at every fit, so "
    "that a loop with real data forgets more slowly than its shares say, and settles later and higher than "
    "theory has it. Five or six generations do not show it, and mostly no doubt is raised "
    "(what the command says against its forecast, see below): where models smooth what they learn, expect to "
    "end in the upper half or above.",
    "n-gram": "a text has thousands of effective dimensions and hardly strays, which five or six numbers of "
    "one history cannot tell from the luck of a model that does: intervals are wider than need be.",
}
"""Why intervals hold too seldom or too often, printed where they do."""

METHOD = """## What the forecast is made of

**Clocks.** A model's clock says how noise and bias build up, generation by generation. It follows by theory
from the pipeline's graph, counts and regime: the second moment G(t) of errors that grow from noise of unit
size, their correlation between generations, and the depth D(t), how many biases of one fit have come
together. With v the noise and b₀, b the bias of the first and of later fits,
x(t) = v G(t)/G(0) + (b₀ + b D(t))².

**Curve.** Risk is expected at floor + ((1 + κx)^λ − 1)/(κλ): straight at λ = 1, flattening below (text loses
its rare words once), steepening above (fits that feed on fits).

**Scatter.** One history is one draw. In d effective dimensions noise strays by √(2/d) of itself and stays
astray, with the correlation of the clock squared; the cube root of a rise, which is nearly normal where the
rise is a sum of squares, is treated as normal. Measuring adds an error of its own to each generation.

**What is not known is averaged over.** Eight parameters for five or six numbers are not estimated, but drawn:
1,000 sets of values (*particles*), the more of them the better they explain what was measured, from the
posterior under weak priors in units of the measurements' range R. Priors, normal, in the order of the module
`headwater.planning.calibration.course`:

| parameter | mean | standard deviation |
|---|---|---|
{priors}

The floor may lie anywhere below the measurements, unless it is given. Each interval is the middle 90 % of
a new measurement over all particles. Nothing is widened afterwards: there is no conformal step.

**What was tuned, and on what.** Shape and priors were chosen on other settings, seeds and data
(`--develop`): a Gaussian of one and of eight coordinates, Zipf laws of 100 and 1,000 symbols, mixtures and
kernel density on the wine table, n-grams of another text, at 50 to 3,000 samples. The families above occur
there too, on other tables, texts and budgets. No forecast was changed after rows of this page were seen.

"""


@dataclass(frozen=True)
class Cover:
    """How often intervals held, with the standard error over histories, and on which side they failed."""

    share: float
    error: float
    above: float
    below: float
    histories: int

    @property
    def verdict(self) -> str:
        """Whether that is as it should be, by more than two standard errors."""
        if self.share < GOAL[0]:
            return "**too seldom**" if self.share + 2 * self.error < GOAL[0] else "low, may be chance"
        if self.share > GOAL[1]:
            return (
                "too often: wider than need be"
                if self.share - 2 * self.error > GOAL[1]
                else "high, may be chance"
            )
        return "holds"

    def __str__(self) -> str:
        return f"{self.share:.0%} ± {self.error:.1%}"


def cover(scored: Sequence[Scored], band: tuple[int, int] | None, method: str = "headwater") -> Cover:
    """Of some histories, over a band of generations; histories are what errors are counted over."""
    hits, above, below = [], [], []
    for each in scored:
        part = _part(each, band)
        truth, low, high = each.truth[part], each.low[method][part], each.high[method][part]
        hits.append(((truth >= low) & (truth <= high)).mean())
        above.append((truth > high).mean())
        below.append((truth < low).mean())
    # one history shown at two lengths is one history: its misses go together
    count = len(hits) / len({each.shown for each in scored})
    error = np.std(hits, ddof=1) / np.sqrt(count) if len(hits) > 1 else math.nan
    return Cover(float(np.mean(hits)), float(error), float(np.mean(above)), float(np.mean(below)), len(hits))


def summary(scored: Sequence[Scored]) -> list[str]:
    """One row a family and band."""
    rows = []
    for family, some in _by(scored, lambda each: each.world.family):
        for band in BANDS:
            held = cover(some, band)
            sides = f"{held.above:.0%} | {held.below:.0%}"
            rows.append(f"| {family} | {_name(band)} | {held} | {sides} | {held.verdict} |")
    return rows


def page(scored: Sequence[Scored], histories: int, seed: int) -> str:
    """The whole page."""
    parts = [HEAD, *lead(scored), "", "## Do 90 % intervals hold 85 to 95 % of the time?", ""]
    parts += [
        "| family | generations ahead | hold | above | below | 85 to 95 %? |",
        "|---|---|---|---|---|---|",
    ]
    parts += [*summary(scored), "", *_lengths(scored), HOW.format(seed=seed, histories=histories)]
    parts += [*_cells(scored), *_twins(scored), *_doubted(scored)]
    return "\n".join([*parts, METHOD.format(priors=_priors())])


def lead(scored: Sequence[Scored]) -> list[str]:
    """What a user wants to know first, a sentence or two each: how far, as meant or not, where not."""
    families = _by(scored, lambda each: each.world.family)
    held = {family: [cover(some, band) for band in BANDS] for family, some in families}
    shares = ", ".join(f"for {KINDS.get(family, family)} {_reach(each)}" for family, each in held.items())
    met = {family: all(each.verdict == "holds" for each in every) for family, every in held.items()}
    yes, no = (
        " and ".join(KINDS.get(name, name) for name in met if met[name] is way) for way in (True, False)
    )
    wide = " and ".join(
        KINDS.get(name, name) for name, every in held.items() if any(each.share > GOAL[1] for each in every)
    )
    said = [
        f"- Where your model is like those tried, trust its intervals as far as these held, which were to "
        f"hold 90 %: {shares}. No neural network was among them.",
        f"- The aim was 85 to 95 %, each family taken over all settings: met by {yes or 'none'}; not met by "
        f"{no or 'none'}" + (f" (intervals for {wide} are wider than needed)." if wide else "."),
    ]
    for _, some in _failing(scored):
        family = some[0].world.family
        said.append(f"- Too narrow for {_failed(_setting(some[0]), some)}. {ADVICE.get(family, '')}".rstrip())
    return said


def _reach(every: Sequence[Cover]) -> str:
    """From the least share to the largest."""
    low, high = (f"{100 * end(each.share for each in every):.0f}" for end in (min, max))
    return f"{low} to {high} %" if low != high else f"{low} %"


def _failing(scored: Sequence[Scored]) -> list[tuple[str, list[Scored]]]:
    """Settings whose intervals hold too seldom over all generations ahead."""
    cells = _by(scored, _cell)
    return [(name, some) for name, some in cells if cover(some, None).verdict.startswith("**")]


def _setting(each: Scored) -> str:
    return f"{KINDS.get(each.world.family, each.world.family)} ({each.world.about}, {each.graph})"


def _failed(name: str, some: Sequence[Scored]) -> str:
    whole = cover(some, None)
    side = "above the interval" if whole.above > whole.below else "below the interval"
    return f"{name.replace(' | ', ', ')}: {whole}, the rest mostly {side}"


def _cell(scored: Scored) -> str:
    return f"{scored.world.family}: {scored.world.about} | {scored.graph}"


def _lengths(scored: Sequence[Scored]) -> Iterator[str]:
    yield "Above and below: how often the truth was higher or lower than the interval. ± is one standard"
    yield "error over histories, since the generations of one history fail together."
    yield ""
    for shown, some in _by(scored, lambda each: f"{each.shown} generations shown (0 to {each.shown - 1})"):
        held = "; ".join(f"{_name(band)} ahead {cover(some, band)}" for band in BANDS)
        yield f"- {shown}, all families: {held}."
    yield ""


def _cells(scored: Sequence[Scored]) -> Iterator[str]:
    yield "## Where, and where not"
    yield ""
    yield f"| setting | graph | {' | '.join(f'{_name(band)} ahead' for band in BANDS)} | all |"
    yield f"|---|---|{'---|' * (len(BANDS) + 1)}"
    for name, some in _by(scored, _cell):
        cells = []
        for band in (*BANDS, None):
            held = cover(some, band)
            cells.append(f"**{held}**" if held.verdict.startswith("**") else str(held))
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    yield "Bold: below 85 % by more than two standard errors. Cells are many: one in forty may be chance."
    yield ""
    failing = _failing(scored)
    for family, some in _by(scored, lambda each: each.world.family):
        named = any(members[0].world.family == family for _, members in failing)
        wrong = named or any(cover(some, band).verdict != "holds" for band in BANDS)
        if wrong and family in REASONS:
            yield f"- Why, {family}: {REASONS[family]}"
    yield ""
    if failing:
        yield "Intervals hold too seldom over all generations ahead in:"
        yield ""
        yield from (f"- {_failed(name, some)}." for name, some in failing)
        yield ""


def _twins(scored: Sequence[Scored]) -> Iterator[str]:
    yield "## What that costs in width"
    yield ""
    yield "Beside it two plain methods that know nothing of the pipeline: the 90 % interval of a linear"
    yield "regression of risk on the generation, and the last value give or take the spread of those seen."
    yield "Width is the median over that of the regression. The interval score is width plus 20 times what"
    yield "a miss misses by, over the range of the history, and its mean; less is better"
    yield "`[gneiting2007strictly]`."
    yield ""
    yield "| family | generations ahead | method | hold | width | interval score |"
    yield "|---|---|---|---|---|---|"
    for family, some in _by(scored, lambda each: each.world.family):
        for band in BANDS:
            for method, name in METHODS.items():
                held = cover(some, band, method)
                row = f"{held} | {_width(some, band, method):.2f} | {_score(some, band, method):.2f}"
                yield f"| {family} | {_name(band)} | {name} | {row} |"
    yield ""


def _doubted(scored: Sequence[Scored]) -> Iterator[str]:
    yield "## What the doubts are worth"
    yield ""
    yield "A doubt is a sentence on the command's page, under *Doubts*: what in the measurements speaks"
    yield "against the forecast, which stays as it is. Here:"
    yield ""
    with_any = [each for each in scored if each.doubts]
    without = [each for each in scored if not each.doubts]
    for name, some in (("with a doubt", with_any), ("without", without)):
        if some:
            yield f"- {name}: {len(some):,} of {len(scored):,} forecasts; intervals hold {cover(some, None)}."
    kinds: dict[str, list[Scored]] = {}
    for each in scored:
        for doubt in each.doubts:
            words = re.sub(r"\d+", "N", doubt).split(":")[0].split()
            kinds.setdefault(" ".join(words[:7]), []).append(each)
    for kind, some in sorted(kinds.items(), key=lambda item: -len(item[1])):
        if len(some) > 1:
            yield f'- "{kind} ...": {len(some):,} forecasts; intervals hold {cover(some, None)}.'
    yield ""


def _width(scored: Sequence[Scored], band: tuple[int, int], method: str) -> float:
    ratios = [
        (each.high[method][part] - each.low[method][part]).mean()
        / (each.high["linear"][part] - each.low["linear"][part]).mean()
        for each in scored
        for part in [_part(each, band)]
    ]
    return float(np.median(ratios))


def _score(scored: Sequence[Scored], band: tuple[int, int], method: str) -> float:
    scores = []
    for each in scored:
        part = _part(each, band)
        truth, low, high = each.truth[part], each.low[method][part], each.high[method][part]
        missed = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
        scores.append((high - low + 2 / (1 - LEVEL) * missed).mean() / np.ptp(each.truth))
    return float(np.mean(scores))


def _part(scored: Scored, band: tuple[int, int] | None) -> slice:
    return slice(None) if band is None else slice(band[0] - 1, band[1])


def _by(scored: Sequence[Scored], key: Callable[[Scored], str]) -> list[tuple[str, list[Scored]]]:
    """Groups in the order of first appearance."""
    groups: dict[str, list[Scored]] = {}
    for each in scored:
        groups.setdefault(key(each), []).append(each)
    return list(groups.items())


def _name(band: tuple[int, int]) -> str:
    return f"{band[0]} to {band[1]}"


def _priors() -> str:
    from headwater.planning.calibration.course import PARAMETERS, PRIOR

    rows = zip(PARAMETERS, PRIOR.mean, PRIOR.deviation, strict=True)
    return "\n".join(f"| {name} | {mean:.2f} | {deviation:.2f} |" for name, mean, deviation in rows)
