"""Cuts until nothing is left to gain: the least cost, or the best result for a budget, with its bound.

First over fractions of samples, where every point is mended towards one that is known to do; then over
whole samples. What is above the bound of the last program is all that can be left to gain.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from headwater.planning.allocation.master import Answer, Master
from headwater.planning.allocation.oracle import Cut, Judge, Seen, met, worst
from headwater.planning.allocation.problem import PLENTY, Problem
from headwater.planning.allocation.split import is_partial
from headwater.theory.system import Array

MOST_CUTS = 40
"""Laid in one round."""

FIRST_CUTS = 100
"""Laid at the anchor, and in every round where models are many."""

MOST_ROUNDS = 80
"""Of cuts, over fractions and again over whole samples."""

NEAR = 0.02
"""Logarithm by which a model may be below the worst and still be worth a cut."""

NUDGES = (1e-5, 1e-4, 1e-3, 1e-2, 0.1)
"""Of the way to the anchor, where what was rounded does not do."""

ROUNDINGS = 3
"""Halvings in the search for how many to round up."""

DEEP = 0.1
"""Logarithm by which the anchor is below its bounds, where it can be."""

RATIO = 4.0
"""Between the scales at which an anchor is looked for."""

MOST_HALVINGS = 30

GAP = 1e-5
"""Relative, at which fractions of samples are left for whole ones."""

MANY = 200
"""Models from which a thousandth will do, and first points are taken nearer to the anchor."""

MANY_GAP = 1e-3

FIRST_PARTS = (0.2, 0.05)
"""Of the way to the anchor, in the first rounds: what is hardly grounded is slow to judge."""

SAME = 1e-9
"""Relative, below which two values are one."""

FEW = 4
"""Unknowns that are not rounded in more than one way."""

MOST_WHOLE = 16
"""Unknowns up to which programs over whole samples are solved; beyond, fractions are rounded."""

ALIKE = 1e-5
"""Of logarithms, below which two results are one: what the programs resolve."""

LONGEST_PROGRAM = 5.0
"""Seconds for one program over whole samples."""

WHOLE = 12.0
"""Seconds for all of them."""

FINEST = 10**6
"""Least common denominator of prices up to which costs are known to be its multiples."""


@dataclass(frozen=True, eq=False)
class Found:
    """An allocation and how good it is proved to be.

    Attributes
    ----------
    added : (unknowns,)
        Whole samples; None where there is no allocation.
    bound
        On the cost, or on the logarithm of the worst excess for a budget; -inf where there is none.
    optimal
        Whether nothing is better.
    impossible
        Whether it is proved that there is none.
    """

    added: Array | None
    bound: float
    optimal: bool
    impossible: bool = False


@dataclass(eq=False)
class Search:
    """One search: what is known so far.

    Attributes
    ----------
    judge
        Of the bounds.
    budget
        Money, or None: least cost.
    until
        When to stop, on the monotonic clock.
    best, value
        The best whole samples so far, and their cost or worst excess.
    anchor, depth
        Samples, not whole, where nothing is infinite; and for a target, where every bound holds, how
        well. Caps may not allow them.
    """

    judge: Judge
    budget: float | None
    until: float
    best: Array | None = None
    value: float = math.inf
    bound: float = -math.inf
    impossible: bool = False
    anchor: Array | None = None
    depth: Array | None = None

    def __post_init__(self) -> None:
        self.problem: Problem = self.judge.problem
        self.master = Master(self.judge, self.budget)
        self.grain = grain(self.problem.price) if self.budget is None else 0.0
        if self.budget is None:
            self.bound = 0.0

    @property
    def late(self) -> bool:
        """Whether time is up."""
        return time.monotonic() > self.until

    @property
    def done(self) -> bool:
        """Whether the best is as good as the bound."""
        if self.budget is not None:
            return self.value <= self.bound + ALIKE
        return self.value <= self.bound + SAME * max(1.0, self.bound)

    def prove(self, bound: float) -> None:
        """A bound of a program, lifted to the next cost that whole samples can have."""
        if self.grain:
            steps = bound / self.grain
            bound = math.ceil(steps - 1e-6 * max(1.0, steps)) * self.grain
        self.bound = max(self.bound, bound)

    def offer(self, added: Array) -> Seen:
        """Judge whole samples, and keep them if they are better than the best."""
        seen = self.judge.point(added)
        if self.budget is None:
            value = self.problem.cost(added) if met(seen) else math.inf
        else:
            value = worst(seen) if self.problem.cost(added) <= self.budget * (1 + 1e-12) else math.inf
        if value < self.value and self.problem.allows(added):
            self.best, self.value = added, value
            if self.budget is None:
                self.master.ceiling = value
        return seen

    def found(self) -> Found:
        """What came of it."""
        bound = min(self.bound, self.value)
        return Found(self.best, bound, self.best is not None and self.done, self.impossible)


def search(judge: Judge, budget: float | None, seconds: float, whole: bool = True) -> Found:
    """Whole samples at least cost, or of the least worst excess for a budget.

    Parameters
    ----------
    seconds
        After which the best so far and the bound so far are given.
    whole
        Whether whole samples are wanted; otherwise only the bound is sought.
    """
    state = Search(judge, budget, time.monotonic() + seconds)
    _begin(state)
    if not state.impossible:
        _over_fractions(state)
    if whole and not state.impossible and not state.done and state.problem.unknowns <= MOST_WHOLE:
        _over_whole(state)
    return state.found()


def grain(prices: Array) -> float:
    """The largest amount of money of which every whole number of samples costs a multiple; 0: none."""
    parts = [Fraction(float(price)).limit_denominator(FINEST) for price in prices if price > 0]
    exact = all(
        abs(float(part) - price) <= 1e-15 * price
        for part, price in zip(parts, prices[prices > 0], strict=True)
    )
    if not parts or not exact:
        return 0.0
    common = math.lcm(*(part.denominator for part in parts))
    if common > FINEST:
        return 0.0
    return math.gcd(*(int(part * common) for part in parts)) / common


def cuts_at(judge: Judge, seen: Seen, near: float = NEAR) -> Iterable[Cut]:
    """Tangents of the models within `near` of the worst: that of every strong component, then the next."""
    excess = seen.excess
    highest = worst(seen)
    if not math.isfinite(highest):
        return []
    floor = np.full((len(excess), 1), min(0.0, highest) - (near if highest > 0 else 10 * near))
    if excess.shape[1] >= MANY and judge.needs_ground:
        # derivatives at a horizon are slow, and what holds in the limit mostly holds before
        floor[[bound.when == "horizon" for bound in judge.bounds]] = 0.0
    rows, models = np.nonzero(excess > floor)
    order = np.argsort(-excess[rows, models], kind="stable")
    rank: dict[tuple[int, int], int] = {}
    ranked = []
    for at in order:
        key = int(rows[at]), int(judge.problem.components[models[at]])
        ranked.append((rank.get(key, 0), at))
        rank[key] = rank.get(key, 0) + 1
    ranked.sort(key=lambda one: one[0])
    most = MOST_CUTS if excess.shape[1] < MANY and math.isfinite(near) else FIRST_CUTS
    return [seen.cut(int(rows[at]), int(models[at])) for _, at in ranked[:most]]


def _begin(state: Search) -> None:
    """The anchor: samples in proportion to what models have, just so many that every bound holds well."""
    judge, problem = state.judge, state.problem
    ray = judge.zero[problem.pot] / judge.weight
    if state.budget is not None:
        price = float(problem.price @ ray)
        state.anchor = ray * min(1.0, max(state.budget, 1.0) / price if price > 0 else 1.0)
        state.master.add_cuts(cuts_at(judge, judge.point(state.anchor), math.inf))
        return
    most = float(np.min(PLENTY / ray))
    high = _scale(judge, ray, DEEP, most) or _scale(judge, ray, 0.0, most)
    if not high:
        state.impossible = True
        return
    state.anchor = problem.fitted(ray * high)
    seen = judge.point(state.anchor)
    state.depth = seen.excess
    state.master.add_cuts(cuts_at(judge, seen, math.inf))
    state.offer(problem.rounded(state.anchor))


def _scale(judge: Judge, ray: Array, depth: float, most: float) -> float:
    """A power of `RATIO` of the ray, about the least at which every bound holds so well; 0: none does."""

    def holds(scale: float) -> bool:
        return worst(judge.point(ray * scale)) <= -depth

    scale = 1.0
    if holds(scale):
        while scale > 1e-6 and holds(scale / RATIO):
            scale /= RATIO
        return scale
    while scale < most:
        scale = min(scale * RATIO, most)
        if holds(scale):
            return scale
    return 0.0


def _over_fractions(state: Search) -> None:
    """Rounds of cuts where fractions of samples solve the program."""
    judge, problem = state.judge, state.problem
    last: Array | None = None
    many = len(problem.scope.models) >= MANY
    gap, parts = (MANY_GAP, FIRST_PARTS) if many else (GAP, ())
    for turn in range(MOST_ROUNDS):
        answer = state.master.solve()
        if _ends(state, answer) or answer.added is None:
            break
        last = answer.added
        if turn < len(parts) and state.anchor is not None:
            last = last + parts[turn] * (state.anchor - last)
        last, seen = _within_reach(state, last)
        excess = worst(seen)
        if last is not answer.added:
            near = False
        elif state.budget is not None:
            near = excess - answer.bound <= gap
        else:
            mended = _mended(state, last, seen)
            near = excess <= SAME
            if mended is not None:
                last = mended
                near = near or problem.cost(mended) - answer.bound <= gap * max(answer.bound, 1.0)
        if near or state.late:
            break
        state.master.add_cuts(cuts_at(judge, seen))
    if last is not None:
        _offer_rounded(state, last)


def _over_whole(state: Search) -> None:
    """Rounds of cuts where whole samples solve the program."""
    until, last = time.monotonic() + WHOLE, None
    for _ in range(MOST_ROUNDS):
        left = min(state.until, until) - time.monotonic()
        if left <= 0 or state.done:
            return
        answer = state.master.solve(True, min(left, LONGEST_PROGRAM))
        if _ends(state, answer) or answer.added is None:
            return
        seen = state.offer(answer.added)
        if state.done or (last is not None and np.array_equal(last, answer.added)):
            return
        last = answer.added
        if state.budget is None and not met(seen):
            mended = _mended(state, answer.added, seen)
            if mended is not None and problem_gains(state, mended):
                _offer_rounded(state, mended)
        cuts = cuts_at(state.judge, seen)
        if not cuts:
            cuts = cuts_at(state.judge, _within_reach(state, answer.added)[1])
        state.master.add_cuts(cuts)


def problem_gains(state: Search, mended: Array) -> bool:
    """Whether it would be cheaper than the best even when it is rounded up."""
    return state.problem.cost(mended) < state.value


def _ends(state: Search, answer: Answer) -> bool:
    """Take the bound of an answer; whether it ends the search."""
    if answer.impossible:
        state.impossible = state.best is None
        if state.best is not None:
            state.prove(state.value)
        return True
    state.prove(answer.bound)
    return False


def _within_reach(state: Search, added: Array) -> tuple[Array, Seen]:
    """So many samples, or those half way to the anchor and so on, where nothing is infinite."""
    seen = state.judge.point(added)
    for _ in range(MOST_HALVINGS):
        if math.isfinite(worst(seen)) or state.anchor is None:
            break
        added = (added + state.anchor) / 2
        seen = state.judge.point(added)
    return added, seen


def _mended(state: Search, added: Array, seen: Seen) -> Array | None:
    """So much nearer to the anchor that every bound holds, by convexity; None where that is unknown."""
    if state.anchor is None or state.depth is None or is_partial(seen) or not math.isfinite(worst(seen)):
        return None
    above = seen.excess > 0
    if (state.depth[above] >= 0).any():
        return None
    part = (seen.excess[above] / (seen.excess[above] - state.depth[above])).max(initial=0.0)
    mended = added + part * (state.anchor - added)
    return mended if state.problem.allows(np.floor(mended)) else None


def _offer_rounded(state: Search, added: Array) -> None:
    """Whole samples near these: up for a target, down for a budget, which is then spent."""
    problem = state.problem
    if state.budget is None:
        _offer_up(state, added)
        return
    spent = np.floor(added + 1e-7)
    if state.judge.needs_ground:
        for unknowns in problem.ungrounded:
            if not spent[unknowns].any() and len(unknowns):
                spent[unknowns[int(np.argmax(added[unknowns]))]] = 1
    if problem.cost(spent) > state.budget:
        return
    for at in np.argsort(spent - added, kind="stable"):
        more = spent.copy()
        more[at] += 1
        if problem.cost(more) <= state.budget and problem.allows(more):
            spent = more
    state.offer(spent)


def _offer_up(state: Search, added: Array) -> None:
    """Rounded up; and where that leaves a gap, with as few rounded up as will do."""
    problem = state.problem
    held = met(state.offer(problem.rounded(added)))
    for part in NUDGES:
        if held or state.anchor is None:
            break
        held = met(state.offer(problem.rounded(added + part * (state.anchor - added))))
    if not held or problem.unknowns <= FEW:
        return
    low, high, middle = 0.0, 1.0, 0.5
    for _ in range(ROUNDINGS):
        if state.late or state.value <= state.bound * (1 + MANY_GAP):
            return
        if met(state.offer(np.floor(added + middle))):
            high = middle
        else:
            low = middle
        middle = (low + high) / 2
