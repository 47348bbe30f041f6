"""An unrolled self-training loop that each tracker recorded folds to the loop it is.

The records were written by the trackers' own tools where they install; the scripts are beside them.
The graphs they must fold to are written here by hand, from what those scripts did.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import headwater as hw
from headwater.lineage import FoldRule, KindRule, Rules, import_facts, importer
from headwater.lineage.defaults import under
from tests.lineage.formats.git_replay import replayed
from tests.lineage.formats.mlflow_stores import sqlite_of

DATA = Path(__file__).parent / "formats" / "data"


def names(pattern, kind=None):
    return FoldRule(re.compile(pattern), kind=kind)


def by_hand(model, samples, real="", flow=None, initial=None):
    """A model on its own output, beside `flow` real samples, begun with `initial`."""
    start = {real: initial} if initial else {}
    flows = [hw.Flow(real, model, flow)] if flow else []
    sources = [hw.Source(real)] if flow or initial else []
    return hw.InteractionGraph.from_parts(
        sources, [hw.Model(model, initial=start)], [*flows, hw.Flow(model, model, samples)]
    )


OPENLINEAGE = by_hand("s3://lab/student", 500, "s3://lab/real", 400, 1_000)
AGENTS = Rules(kinds=(KindRule("lab:student-g*", "model"),), fold=(names(r"-g(?P<gen>\d+)$"),))

LOOPS = {
    "openlineage, overwritten": ("openlineage", "openlineage/overwritten.ndjson", Rules(), OPENLINEAGE),
    "openlineage, versions": ("openlineage", "openlineage/versioned.ndjson", Rules(), OPENLINEAGE),
    "openlineage, names": (
        "openlineage",
        "openlineage/named.ndjson",
        Rules(fold=(names(r"_g(?P<gen>\d+)$"),)),
        OPENLINEAGE,
    ),
    "prov, models are entities": (
        "prov-json",
        "prov_json/loop_entities.json",
        Rules(varying="last"),
        by_hand("lab:student", 2_000, "lab:real", None, 50_000),
    ),
    "prov, models are agents": (
        "prov-json",
        "prov_json/loop_agents.json",
        AGENTS,
        by_hand("lab:student", None),
    ),
    "prov, bundles": ("prov-json", "prov_json/loop_bundles.json", Rules(), by_hand("lab:student", 1_000)),
    "spdx": ("spdx", "spdx/loop.json", Rules(), by_hand("student", None)),
    "cyclonedx": ("cyclonedx", "cyclonedx/loop.json", Rules(), by_hand("lab/student", None)),
}


def imported(format_, path, rules):
    return import_facts(importer(format_)(path), under(rules))


def held_to(made, by_hand):
    """The same graph, and the same verdict over twenty generations."""
    assert made.graph == by_hand
    assert hw.diagnose(made.graph).to_dict() == hw.diagnose(by_hand).to_dict()
    assert made.report.folding.self_consuming == by_hand.model_names


@pytest.mark.parametrize(("format_", "path", "rules", "graph"), LOOPS.values(), ids=LOOPS)
def test_a_recorded_loop_gets_the_verdict_of_the_loop_written_by_hand(format_, path, rules, graph):
    held_to(imported(format_, DATA / path, rules), graph)


@pytest.mark.parametrize("recorded", ["sqlite-3.17.sql", "sqlite-2.22.sql"])
def test_a_loop_that_mlflow_recorded(recorded, tmp_path):
    """1,000 real rows first, then 100 beside 401, 402 and 403 that the model before wrote."""
    path = sqlite_of(recorded, tmp_path)
    held_to(
        imported("mlflow", path, Rules(varying="last")),
        by_hand("student", 403, "/srv/mlflow/real.csv", 100, 1_000),
    )


@pytest.mark.parametrize(("loop", "real"), [("copied", False), ("templated", True)])
def test_a_loop_over_the_commits_of_dvc(loop, real, tmp_path):
    """Samples copied to where the next round trains, or named by a template; counts are bytes alone."""
    replayed(loop, tmp_path)
    made = imported("dvc", tmp_path, Rules(kinds=(KindRule("model.json", "model"),)))
    assert made.report.folding.nodes == {"model.json": 4}
    assert made.report.folding.self_consuming == ("model.json",)
    flows = {(flow.provider, flow.model, flow.samples) for flow in made.graph.flows}
    own = {("model.json", "model.json", None)}
    assert flows == (own | {("data/real.csv", "model.json", None)} if real else own)
    assert hw.diagnose(made.graph).verdict == ("bounded" if real else "collapses")
