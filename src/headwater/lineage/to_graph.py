"""Facts to interaction graph, under stated rules, with a report of every assumption.

Every model is a model of the graph, its versions folded into one. A dataset that some model's output
reaches becomes flows from those models, and from the real data it also holds, to the models trained
on it; a dataset that none reaches is a source. A model that names no training data is external:
undisclosed is not real.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.lineage import counting, folding, tracing
from headwater.lineage.accounting import Outcome, account
from headwater.lineage.decided import Lineage, decide_all
from headwater.lineage.evidence import Evidence, evidence
from headwater.lineage.facts import Facts
from headwater.lineage.folding import Folded, Nodes
from headwater.lineage.generations import Node
from headwater.lineage.reading.collection import without_collection
from headwater.lineage.report import Report
from headwater.lineage.rules import Rules

_DEFAULT = Rules()


@dataclass(frozen=True)
class Imported:
    """What facts under rules make.

    Attributes
    ----------
    graph
        The interaction graph. Models come in the order of the records, names taken as external
        models after them; sources that no model draws from are left out.
    report
        What was read, left out, assumed and is unknown.
    evidence
        Where the records say each flow.
    """

    graph: InteractionGraph
    report: Report
    evidence: Evidence


def to_graph(facts: Facts, rules: Rules = _DEFAULT) -> tuple[InteractionGraph, Report]:
    """The interaction graph that records tell of, and a report on what was assumed.

    Raises
    ------
    InputError
        If an alias means an asset that is not in the records.
    """
    made = import_facts(facts, rules)
    return made.graph, made.report


@without_collection()
def import_facts(facts: Facts, rules: Rules = _DEFAULT) -> Imported:
    """The interaction graph with its report and its evidence.

    Raises
    ------
    InputError
        If an alias means an asset that is not in the records.
    """
    lineage = decide_all(facts, rules)
    way = lineage.routes(rules.applications)
    traced = tracing.trace(way, lineage.models)
    counted = counting.count(way, lineage.models, lineage.records_of)
    nodes = folding.fold(traced.flows, counted, lineage.folding, rules.varying, lineage.models)
    built = _Build(lineage, nodes, rules)
    graph = built.graph()
    outcome = Outcome(lineage, way, traced, counted, nodes, built.labels, graph, built.split)
    return Imported(graph, account(outcome), evidence(nodes, built.labels, lineage.folding, facts))


class _Build:
    """The graph of the folded flows; `labels` are the names in it."""

    def __init__(self, lineage: Lineage, nodes: Nodes, rules: Rules) -> None:
        self.nodes = nodes
        self.rules = rules
        folded = lineage.folding
        self.models = list(dict.fromkeys(folded.of(key) for key in lineage.models))
        self.named = list(dict.fromkeys(folded.of(key) for key in lineage.named_models))
        self.flows = [flow for flow in nodes.flows if self._flows(flow)]
        self.labels = _labels([*self.models, *self.named, *(flow.provider for flow in nodes.flows)])
        self.split = _split(nodes) if rules.unsplit == "even" else {}

    def graph(self) -> InteractionGraph:
        """Sources, models and flows."""
        fed = {flow.model for flow in self.flows}
        starts = self._starts()
        used = dict.fromkeys(flow.provider for flow in self.flows)
        used |= dict.fromkeys(node for start in starts.values() for node in start)
        generating = {*self.models, *self.named}
        return InteractionGraph.from_parts(
            [self._source(node) for node in used if node not in generating],
            [
                *(self._model(node, node in fed, starts.get(node, {})) for node in self.models),
                *(Model(self.labels[node], external=True) for node in self.named if node in used),
            ],
            [self._flow(flow) for flow in self.flows],
        )

    def _flows(self, flow: Folded) -> bool:
        return self.nodes.becomes_flow(flow)

    def _starts(self) -> dict[Node, dict[Node, int]]:
        """Samples of generation 0 by model and source, where real data alone began it, all counted."""
        found: dict[Node, dict[Node, int | None]] = defaultdict(dict)
        for flow in self.nodes.flows:
            real = flow.provider.kind != "model" and flow.provider not in self.named
            if flow.model in self.nodes.once:
                found[flow.model][flow.provider] = flow.samples if real else None
            elif flow.started:
                found[flow.model][flow.provider] = flow.start if real else None
        return {
            model: {source: number for source, number in start.items() if number}
            for model, start in found.items()
            if all(start.values())
        }

    def _source(self, node: Node) -> Source:
        if node in self.nodes.archives:
            return Source(self.labels[node], "fixed", self.nodes.archives[node])
        return Source(self.labels[node], self.rules.sources)

    def _model(self, node: Node, fed: bool, start: Mapping[Node, int]) -> Model:
        initial = {self.labels[source]: number for source, number in start.items()}
        if node in self.nodes.once:
            # Trained on unknown counts it has an error that nobody knows.
            return Model(self.labels[node], frozen=bool(initial), external=not initial, initial=initial)
        return Model(self.labels[node], external=not fed, initial=initial if fed else {})

    def _flow(self, flow: Folded) -> Flow:
        samples = flow.samples
        if samples is None:
            samples = self.split.get((flow.provider, flow.model))
        return Flow(self.labels[flow.provider], self.labels[flow.model], samples)


def _labels(nodes: Iterable[Node]) -> dict[Node, str]:
    """A name of its own for every model and source; a source gives way to a model."""
    labels: dict[Node, str] = {}
    taken: set[str] = set()
    for node in nodes:
        if node in labels:
            continue
        label = node.name
        while label in taken:
            label = f"{label} ({node.kind})"
        labels[node] = label
        taken.add(label)
    return labels


def _split(nodes: Nodes) -> dict[tuple[Node, Node], int]:
    """Totals shared out evenly, the remainder to the first, beside what else is known of the same flow."""
    flowing = {(flow.provider, flow.model) for flow in nodes.flows if nodes.becomes_flow(flow)}
    found: dict[tuple[Node, Node], list[int | None]] = defaultdict(list)
    beside: dict[tuple[Node, Node], int | None] = {}
    for model, total, providers in nodes.totals:
        given = [provider for provider in providers if (provider, model) in flowing]
        each, more = divmod(total.samples, max(len(given), 1))
        for at, provider in enumerate(given):
            found[provider, model].append(each + (at < more))
            beside[provider, model] = nodes.others(provider, model, total)
    return {
        ends: whole
        for ends, shares in found.items()
        if len(shares) == 1
        and (others := beside[ends]) is not None
        and (whole := others + sum(share or 0 for share in shares))
    }
