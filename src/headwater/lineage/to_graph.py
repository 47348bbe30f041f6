"""Facts to interaction graph, under stated rules, with a report of every assumption.

Every model is a model of the graph. A dataset that some model's output reaches becomes flows of
unknown count from those models, and from the real data it also holds, to the models trained on
it; a dataset that none reaches is a fresh source. A model that names no training data is
external: undisclosed is not real.
"""

from __future__ import annotations

from collections.abc import Iterable

from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.lineage import tracing
from headwater.lineage.accounting import Outcome, account
from headwater.lineage.decided import Lineage, decide_all
from headwater.lineage.facts import Facts, Key
from headwater.lineage.report import Report
from headwater.lineage.rules import Rules

_DEFAULT = Rules()


def to_graph(facts: Facts, rules: Rules = _DEFAULT) -> tuple[InteractionGraph, Report]:
    """The interaction graph that records tell of, and a report on what was assumed.

    All sample counts of the graph are unknown. Models come in the order of the records, names
    taken as external models after them; sources that no model draws from are left out.

    Raises
    ------
    InputError
        If an alias means an asset that is not in the records.
    """
    lineage = decide_all(facts, rules)
    way = lineage.routes(rules.applications)
    traced = tracing.trace(way, lineage.models)
    labels = _labels(traced.flows, [*lineage.models, *lineage.named_models])
    graph = _graph(lineage, traced, labels)
    return graph, account(Outcome(lineage, way, traced, labels, graph))


def _labels(flows: Iterable[tracing.Traced], models: Iterable[Key]) -> dict[Key, str]:
    """A name of its own for every model and source; a source gives way to a model."""
    labels: dict[Key, str] = {}
    taken: set[str] = set()
    for key in (*models, *(flow.provider for flow in flows)):
        if key in labels:
            continue
        label = name = key[1]
        while label in taken:
            label = name = f"{name} ({key[0]})"
        labels[key] = label
        taken.add(label)
    return labels


def _graph(lineage: Lineage, traced: tracing.Trace, labels: dict[Key, str]) -> InteractionGraph:
    fed = {flow.model for flow in traced.flows}
    generating = {*lineage.models, *lineage.named_models}
    used = dict.fromkeys(flow.provider for flow in traced.flows)
    return InteractionGraph.from_parts(
        [Source(labels[key]) for key in used if key not in generating],
        [
            *(Model(labels[key], external=key not in fed) for key in lineage.models),
            *(Model(labels[key], external=True) for key in lineage.named_models if key in used),
        ],
        [Flow(labels[flow.provider], labels[flow.model]) for flow in traced.flows],
    )
