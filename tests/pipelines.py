"""A pipeline file, and the value that it holds."""

from __future__ import annotations

from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.pipeline import Pipeline
from headwater.regimes import Replace

TEXT = """\
headwater: 1
name: support-ticket distillation
regime: replace              # replace | accumulate | accumulate-subsample | {window: 3}
generations: 20
sources:
  tickets: {sampling: fresh}
  archive: {sampling: fixed, size: 50000}
models:
  teacher: {}
  student: {initial: {archive: 10000}}
  judge:   {frozen: true, initial: {archive: 5000}}
  vendor:  {external: true}            # frozen, and its error is unknown
flows:
  - {from: tickets, to: teacher, samples: 1000}
  - {from: student, to: teacher, samples: 9000, weight: 0.5}
  - {from: teacher, to: student, samples: 10000}
  - {from: vendor,  to: student}       # count unknown
"""

PARTS = Pipeline(
    graph=InteractionGraph.from_parts(
        [Source("tickets"), Source("archive", "fixed", 50_000)],
        [
            Model("teacher"),
            Model("student", initial={"archive": 10_000}),
            Model("judge", frozen=True, initial={"archive": 5_000}),
            Model("vendor", external=True),
        ],
        [
            Flow("tickets", "teacher", 1_000),
            Flow("student", "teacher", 9_000, 0.5),
            Flow("teacher", "student", 10_000),
            Flow("vendor", "student"),
        ],
    ),
    regime=Replace(),
    generations=20,
    name="support-ticket distillation",
)
