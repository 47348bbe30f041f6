"""One model's records followed back through its ancestors, as `headwater.theory.tails` does.

What they ask of whom, generation by generation; what that amounts to, and how it answers to counts,
is in `headwater.theory.tail_slopes`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from headwater.theory.flows import Flows
from headwater.theory.solving import factorised
from headwater.theory.system import Array, Flag, Index, summed
from headwater.theory.tails import LINEAR_BELOW, STEP_WORK

MOST_KEPT = 256
"""Generations kept on the way there; those between are gone through again on the way back."""

MOST_WORK = 2e9
"""Flows times generations that a limit may cost."""

WHOLE = 1 - 1e-16
"""Chance of being drawn from an archive, at most."""


@dataclass
class Course:
    """What a model's records asked for, from the last generation back to the first.

    Attributes
    ----------
    asked : (trained,)
        Records asked of each model at the end of the way.
    known
        Fresh samples gathered; `missed` and `frozen` likewise, (archives,) and (frozen,): logarithms
        of the chance that a record of an archive is missed, records asked of frozen models.
    kept, every, generations
        Records asked at every so many steps, of so many.
    """

    asked: Array
    missed: Array
    frozen: Array
    known: float = 0.0
    kept: list[Array] = field(default_factory=list)
    every: int = 1
    generations: int = 0

    def keep(self) -> None:
        """Keep this step, if it is one of those; at most `MOST_KEPT` of them."""
        if self.generations % self.every == 0:
            self.kept.append(self.asked)
        if len(self.kept) > MOST_KEPT:
            self.kept, self.every = self.kept[::2], 2 * self.every

    def backwards(self, lineage: Lineage) -> Iterator[Array]:
        """Records asked, from the last step but one to the first."""
        last = self.generations
        for at in range(len(self.kept) - 1, -1, -1):
            block = [self.kept[at]]
            while at * self.every + len(block) < last:
                block.append(lineage.asked(lineage.success(block[-1]))[: len(block[0])])
            last = at * self.every
            yield from reversed(block)


@dataclass(frozen=True, eq=False)
class Lineage:
    """Flows into one model and its ancestors.

    Attributes
    ----------
    place : (lineage,)
        Of each among all flows.
    part : (lineage,)
        What one record asked of the learner asks of one of the flow's records.
    node, archive, model : (lineage,)
        Who provides as in `Flows`; number of the archive and of the model, -1 where it is none.
    member : (trained,) bool
    """

    flows: Flows
    target: int
    place: Index
    row: Index
    node: Index
    model: Index
    archive: Index
    samples: Array
    part: Array
    member: Flag

    @classmethod
    def of(cls, flows: Flows, target: int) -> Lineage:
        """Of the model at `target` among the system's."""
        system = flows.system
        trained, models = len(system.trained), len(system.models)
        moving = (flows.node >= 0) & (flows.node < trained)
        ends = (flows.row[moving], flows.node[moving])
        backward = sparse.csr_array((np.ones(len(ends[0])), ends), shape=(trained, trained))
        member = np.zeros(trained, dtype=bool)
        member[csgraph.breadth_first_order(backward, target, return_predecessors=False)] = True
        place = np.flatnonzero(member[flows.row]).astype(np.int32)
        row, node = flows.row[place], flows.node[place]
        return cls(
            flows=flows,
            target=target,
            place=place,
            row=row,
            node=node,
            model=np.where(node < models, node, -1).astype(np.int32),
            archive=np.where(node >= models, node - models, -1).astype(np.int32),
            samples=flows.samples[place],
            part=flows.weight[place] / flows.mass[row],
            member=member,
        )

    @cached_property
    def trained(self) -> int:
        """Trained models of the system."""
        return len(self.flows.system.trained)

    @cached_property
    def fraction(self) -> Array:
        """(lineage,) of the archive."""
        return np.asarray(self.samples / self.flows.archive_size[self.place])

    @cached_property
    def fresh(self) -> Flag:
        """(lineage,) whether a fresh source provides."""
        return np.asarray((self.model < 0) & (self.archive < 0))

    @cached_property
    def moving(self) -> Flag:
        """(lineage,) whether a trained model provides."""
        return np.asarray((self.model >= 0) & (self.model < self.trained))

    @cached_property
    def by_default(self) -> Flag:
        """(trained,) whether generation 0 is as many fresh samples as the flows bring."""
        return np.asarray(self.flows.starts_by_default[: self.trained] & self.member)

    @cached_property
    def alive(self) -> Index:
        """Ancestors whose records can still meet real ones: the others hang on ungrounded components."""
        used = self.samples > 0
        onward, real = used & self.moving, used & ~self.moving
        ends = (
            np.concatenate([self.model[onward], np.full(real.sum(), self.trained)]),
            np.concatenate([self.row[onward], self.row[real]]),
        )
        size = self.trained + 1
        forward = sparse.csr_array((np.ones(len(ends[0])), ends), shape=(size, size))
        reached = csgraph.breadth_first_order(forward, self.trained, return_predecessors=False)
        return np.sort(reached[reached < self.trained]).astype(np.int32)

    @cached_property
    def onward(self) -> sparse.csr_array:
        """(alive, alive) identity less shares."""
        at = np.full(self.trained, -1)
        at[self.alive] = np.arange(len(self.alive))
        some = np.flatnonzero(self.moving)
        some = some[(at[self.row[some]] >= 0) & (at[self.model[some]] >= 0)]
        ends = (at[self.row[some]], at[self.model[some]])
        size = len(self.alive)
        share = sparse.csr_array(((self.samples * self.part)[some], ends), shape=(size, size))
        return sparse.csr_array(sparse.eye_array(size) - share)

    @cached_property
    def solve_forward(self) -> Callable[[Array], Array]:
        """(alive,) all records that records asked of each model will ever ask of each."""
        return factorised(sparse.csr_array(self.onward.T)) if len(self.alive) else np.asarray

    @cached_property
    def solve_backward(self) -> Callable[[Array], Array]:
        """(alive,) what a record asked of each is worth, given what its model brings at once."""
        return factorised(self.onward) if len(self.alive) else np.asarray

    def success(self, asked: Array) -> Array:
        """(lineage,) chance that a record of each flow counts."""
        return np.asarray(-np.expm1(-asked[self.row] * self.part))

    def asked(self, success: Array) -> Array:
        """(models,) records asked of each."""
        known = self.model >= 0
        return summed(self.model[known], (success * self.samples)[known], len(self.flows.system.models))

    def back(self, asked: Array, worth: Array) -> tuple[Array, Array]:
        """(trained,) how `_End.value` answers to records asked and to mass, by the worth of each record."""
        ratio = asked[self.row] * self.part
        decay = np.exp(-ratio)
        pull = self.samples * worth * decay
        of_mass = summed(self.row, pull * np.where(decay > 0, ratio, 0), self.trained)
        of_mass[self.member] /= self.flows.mass[self.member]
        return summed(self.row, pull * self.part, self.trained), -of_mass

    def drawn(self, success: Array) -> Array:
        """(lineage,) chance that a given record of the archive is among those that count."""
        return np.asarray(np.minimum(self.fraction * success, WHOLE))

    def follow(self, generations: int | None) -> Course | None:
        """So many generations, or until what is left is of first order; None if that is too much."""
        system = self.flows.system
        asked = np.zeros(self.trained)
        asked[self.target] = math.inf  # the model's own records count for certain
        course = Course(asked, np.zeros(len(system.archives)), np.zeros(len(system.frozen)))
        most = MOST_WORK / (STEP_WORK + len(self.place)) if generations is None else generations
        while generations is not None or not (course.generations and self._fading(course.asked)):
            if course.generations >= most:
                return course if generations is not None else None
            course.keep()
            self._step(course)
        return course

    def _step(self, course: Course) -> None:
        success = self.success(course.asked)
        self.gather(course, success, np.log1p(-self.drawn(success)))
        course.asked = self.asked(success)[: self.trained]
        course.generations += 1

    def gather(self, course: Course, success: Array, missed: Array) -> None:
        """What real data and frozen models give for records of such success."""
        course.known += float(success[self.fresh] @ self.samples[self.fresh])
        course.frozen += self.asked(success)[self.trained :]
        drawn = self.archive >= 0
        course.missed += summed(self.archive[drawn], missed[drawn], len(course.missed))

    def _fading(self, asked: Array) -> bool:
        """Whether so few records are left that they do not meet any more."""
        alive = self.alive
        if not len(alive):
            return True
        return bool(-np.expm1(-(asked * self._top)[alive].max()) * self._reach < LINEAR_BELOW)

    @cached_property
    def _top(self) -> Array:
        """(trained,) the largest part among a model's records, those of generation 0 included."""
        top = np.zeros(self.trained)
        np.maximum.at(top, self.row, self.part)
        some = self.member
        top[some] = np.maximum(top[some], 1 / self.flows.mass[some])
        return top

    @cached_property
    def _reach(self) -> float:
        """Records that one record ever stands for, at most."""
        lives = np.isin(self.row, self.alive) & self.moving
        sent = summed(self.model[lives], self.samples[lives], self.trained)
        further = self.solve_forward(sent[self.alive])
        return float((1 + self._top[self.alive] * further).max())
