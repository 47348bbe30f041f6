"""The report of an import, drawn up from what was decided and what came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from headwater.graph import InteractionGraph
from headwater.lineage import extremes, folded_report, identity, tracing
from headwater.lineage.counting import Counted
from headwater.lineage.decided import Lineage
from headwater.lineage.digraph import Digraph
from headwater.lineage.facts import Issue, Key, Kind
from headwater.lineage.folding import Folded, Nodes
from headwater.lineage.generations import Node
from headwater.lineage.report import (
    ApplicationUse,
    Assumption,
    Chain,
    Cycle,
    FlowEvidence,
    Made,
    Name,
    Read,
    Report,
    RuleUse,
    Unknowns,
)


@dataclass(frozen=True)
class Outcome:
    """Everything a report is drawn up from; `labels` are the names in the graph."""

    lineage: Lineage
    way: tracing.Routes
    traced: tracing.Trace
    counted: Counted
    nodes: Nodes
    labels: Mapping[Node, str]
    graph: InteractionGraph
    split: Mapping[tuple[Node, Node], int]

    @cached_property
    def flows(self) -> list[Folded]:
        """What became flows of the graph."""
        return [flow for flow in self.nodes.flows if self.nodes.becomes_flow(flow)]

    @cached_property
    def generating(self) -> frozenset[Node]:
        """The nodes that generate data."""
        return frozenset(self.lineage.folding.of(key) for key in self.way.models)

    @cached_property
    def between_models(self) -> Digraph[Node]:
        """The flows from model to model."""
        return Digraph.of(
            (flow.provider, flow.model) for flow in self.flows if flow.provider in self.generating
        )

    def label(self, key: Key) -> str:
        """What the graph or the records call an asset."""
        node = self.lineage.folding.of(key)
        return self.labels.get(node, node.name)


def account(outcome: Outcome) -> Report:
    """The report of an import."""
    lineage = outcome.lineage
    found = [dependency.link for dependency in lineage.dependencies]
    chain, others = lineage.records.deepest()
    issues = (
        *lineage.facts.issues,
        *lineage.joined.issues,
        *lineage.folding.issues,
        *outcome.counted.issues,
        *_record_issues(lineage),
    )
    return Report(
        read=_read(lineage),
        issues=tuple(sorted(issues, key=_by_severity)),
        stated=_stated(lineage),
        assumptions=tuple(_assumptions(lineage)),
        rules=tuple(_rule_uses(lineage)),
        unknowns=_unknowns(outcome),
        applications=_applications(outcome),
        folding=folded_report.folded(lineage, outcome.nodes, outcome.labels),
        totals=tuple(extremes.totals(outcome.nodes, outcome.graph, outcome.labels)),
        cycles=tuple(_cycles(outcome)),
        deepest=Chain(_names(chain), tuple(key.name for key in others)),
        suggestions=tuple(identity.suggestions(found, lineage.known)),
        made=_made(outcome),
        flows=tuple(_evidence(flow, outcome) for flow in outcome.flows),
    )


def _evidence(flow: Folded, outcome: Outcome) -> FlowEvidence:
    way = flow.ways[-1]
    via = tuple(key.name for key in way.via)
    ends = outcome.labels[flow.provider], outcome.labels[flow.model]
    return FlowEvidence(*ends, via, str(way.place), flow.samples)


def _by_severity(issue: Issue) -> tuple[bool, str, int]:
    return issue.severity != "error", issue.place.path, issue.place.line


def _names(steps: Iterable[Iterable[Key]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(key.called for key in step) for step in steps)


def _read(lineage: Lineage) -> Read:
    facts = lineage.facts
    kinds = Counter(entity.kind for entity in facts.entities)
    return Read(
        origin=facts.origin,
        format=facts.format,
        files=facts.files,
        records=dict(facts.records),
        assets=len(facts.entities),
        by_kind={kind: kinds[kind] for kind in get_args(Kind) if kinds[kind]},
        distinct=len(lineage.known.keys),
        dependencies=len(facts.relations),
    )


def _record_issues(lineage: Lineage) -> Iterator[Issue]:
    for dependency in lineage.dependencies:
        link = dependency.link
        if link.learner.kind == "procedure":
            continue
        if dependency.lists_itself and dependency.role not in ("same-as", "version-of"):
            said = (
                f"{link.learner.kind} {link.learner.name!r} lists itself: "
                "an error of the record, not a loop; not used"
            )
            yield Issue("error", link.place, said)
        elif link.others:
            kinds = ", ".join(key.kind for key in link.others)
            said = (
                f"{link.written!r}, named by {link.learner.name!r}, is the name of "
                f"a {link.provider.kind} and of another asset ({kinds}): "
                f"the {link.provider.kind} is taken; an alias with a kind decides"
            )
            yield Issue("warning", link.place, said)
    for run in lineage.joined.both:
        records = lineage.records_of.get(run)
        if records:
            said = (
                f"run {run.name!r} wrote a model and data: the data are taken as made of what it read, "
                "not as output of the model; a role rule decides"
            )
            yield Issue("warning", records[0].place, said)


def _stated(lineage: Lineage) -> dict[str, int]:
    found = Counter(
        str(dependency.role)
        for dependency in lineage.dependencies
        if dependency.rule is None and not dependency.guess and dependency.role
    )
    return dict(found.most_common())


def _assumptions(lineage: Lineage) -> Iterator[Assumption]:
    pairs = Counter(
        (dependency.link.provider.kind, dependency.link.learner.kind, dependency.guess)
        for dependency in lineage.dependencies
        if dependency.rule is None and dependency.guess
    )
    for (provider, learner, guess), number in pairs.most_common():
        shown = "no record" if provider == "unknown" else provider
        yield Assumption(shown, learner, number, guess)
    if lineage.inferred:
        said = "kind not recorded: told by what other records say was done with it"
        yield Assumption("unknown", "known", len(lineage.inferred), said)


def _rule_uses(lineage: Lineage) -> Iterator[RuleUse]:
    rules = lineage.rules
    decided = Counter(dependency.rule for dependency in lineage.dependencies)
    for at, rule in enumerate(rules.roles):
        yield RuleUse(str(rule), str(rule.place), decided[at])
    written = Counter(relation.object.name for relation in lineage.facts.relations)
    recorded = Counter(entity.name for entity in lineage.facts.entities)
    for name, alias in rules.aliases.items():
        yield RuleUse(f"{name} = {alias.name}", str(alias.place), written[name] + recorded[name])
    for fold, number in zip(rules.fold, lineage.folding.fitted, strict=True):
        yield RuleUse(str(fold), str(fold.place), number)
    for run, number in zip(rules.runs, lineage.fitted, strict=True):
        yield RuleUse(str(run), str(run.place), number)
    for kind, number in zip(rules.kinds, identity.fitted(rules.kinds, lineage.facts), strict=True):
        yield RuleUse(str(kind), str(kind.place), number)


def _unknowns(outcome: Outcome) -> Unknowns:
    lineage = outcome.lineage
    folded = lineage.folding.of
    depends = {folded(dependency.link.learner) for dependency in lineage.dependencies}
    fed = {flow.model for flow in outcome.nodes.flows}
    models = list(dict.fromkeys(folded(key) for key in lineage.models))
    missing = [
        dependency.link
        for dependency in lineage.dependencies
        if not dependency.link.resolved and (dependency.carries != "nothing" or not dependency.role)
    ]
    said = [link for link in missing if not link.says_nothing and not link.placeholder]
    return Unknowns(
        undisclosed=tuple(outcome.labels[node] for node in models if node not in depends),
        untaught=tuple(outcome.labels[node] for node in models if node in depends and node not in fed),
        unresolved=_by_use(link.provider.name for link in said),
        taken_as=lineage.rules.unresolved,
        says_nothing=_by_use(link.provider.name for link in missing if link.says_nothing),
        placeholders=_by_use(link.written for link in missing if link.placeholder),
        unknown_kind=tuple(dict.fromkeys(key.name for key in lineage.assets if key.kind == "unknown")),
        origin=tuple(outcome.graph.source_names),
        samples=sum(
            flow.samples is None and (flow.provider, flow.model) not in outcome.split
            for flow in outcome.flows
        ),
        other_units=dict(outcome.counted.units),
    )


def _by_use(names: Iterable[str]) -> tuple[Name, ...]:
    return tuple(Name(name, uses) for name, uses in Counter(names).most_common())


def _applications(outcome: Outcome) -> ApplicationUse:
    lineage, way, traced = outcome.lineage, outcome.way, outcome.traced
    giving = [
        dependency
        for dependency in lineage.dependencies
        if dependency.link.provider.kind == "application" and dependency.link.learner.kind == "dataset"
    ]
    total = sum(key.kind == "application" for key in lineage.known.keys)
    if not total:
        return ApplicationUse(lineage.rules.applications, 0, (), (), (), 0)
    passed = dict.fromkeys(
        dependency.link.provider.name
        for dependency in giving
        if dependency in way.passing and dependency.link.provider in way.mixed
    )
    sources = dict.fromkeys(
        flow.provider.name for flow in traced.flows if flow.provider.kind == "application"
    )
    every = tracing.trace(lineage.routes("all"), lineage.models)
    between = {flow.ends for flow in traced.flows if flow.provider in way.models}
    more = sum(flow.provider in way.models and flow.ends not in between for flow in every.flows)
    return ApplicationUse(
        setting=lineage.rules.applications,
        total=total,
        passed=tuple(passed),
        not_passed=tuple(
            dict.fromkeys(d.link.provider.name for d in giving if d.link.provider.name not in passed)
        ),
        sources=tuple(sources),
        flows_all_would_add=more,
    )


def _cycles(outcome: Outcome) -> Iterator[Cycle]:
    lineage = outcome.lineage
    looping = {node for steps in outcome.between_models.cycles() for step in steps for node in step}
    for steps in lineage.records.cycles(lineage.models):
        keys = [key for step in steps for key in step]
        applications = tuple(key.name for key in keys if key.kind == "application")
        is_loop = any(lineage.folding.of(key) in looping for key in keys)
        yield Cycle(_names(steps), applications, is_loop)


def _made(outcome: Outcome) -> Made:
    lineage, way, graph = outcome.lineage, outcome.way, outcome.graph
    flows = outcome.between_models
    chain, others = flows.deepest()
    folded = lineage.folding.of
    used = {
        folded(step.link.provider) for flow in outcome.nodes.flows for way in flow.ways for step in way.steps
    }
    datasets = dict.fromkeys(
        folded(key) for key in lineage.assets if key.kind == "dataset" and key not in way.mixed
    )
    from_models = sum(flow.provider in outcome.generating for flow in outcome.flows)
    return Made(
        models=len(graph.model_names),
        trained=int(graph.trained.sum()),
        external=int(graph.external.sum()),
        sources=len(graph.source_names),
        flows_from_models=from_models,
        flows_from_sources=len(outcome.flows) - from_models,
        merged=outcome.traced.merged,
        renamed=tuple(label for node, label in outcome.labels.items() if label != node.name),
        idle=tuple(node.name for node in datasets if node not in used),
        loops=tuple(
            tuple(outcome.labels[node] for step in steps for node in step) for steps in flows.cycles()
        ),
        deepest=Chain(
            tuple(tuple(outcome.labels[node] for node in step) for step in chain),
            tuple(outcome.labels[node] for node in others),
        ),
    )
