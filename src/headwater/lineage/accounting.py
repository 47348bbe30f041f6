"""The report of an import, drawn up from what was decided and what came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from headwater.graph import InteractionGraph
from headwater.lineage import identity, meaning, tracing
from headwater.lineage.decided import Lineage
from headwater.lineage.digraph import Digraph
from headwater.lineage.facts import Issue, Key
from headwater.lineage.report import (
    ApplicationUse,
    Assumption,
    Chain,
    Cycle,
    Evidence,
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
    labels: dict[Key, str]
    graph: InteractionGraph

    @cached_property
    def between_models(self) -> Digraph[Key]:
        """The flows from model to model."""
        return Digraph.of(flow.ends for flow in self.traced.flows if flow.provider in self.way.models)


def account(outcome: Outcome) -> Report:
    """The report of an import."""
    lineage, traced = outcome.lineage, outcome.traced
    found = [dependency.link for dependency in lineage.dependencies]
    chain, others = lineage.records.deepest()
    return Report(
        read=_read(lineage),
        issues=tuple(sorted((*lineage.facts.issues, *_record_issues(lineage)), key=_by_severity)),
        assumptions=tuple(_assumptions(lineage)),
        rules=tuple(_rule_uses(lineage)),
        unknowns=_unknowns(lineage, traced),
        applications=_applications(outcome),
        cycles=tuple(_cycles(lineage, outcome.between_models)),
        deepest=Chain(_names(chain), tuple(name for _, name in others)),
        suggestions=tuple(identity.suggestions(found, lineage.known)),
        made=_made(outcome),
        flows=tuple(_evidence(flow, outcome.labels) for flow in traced.flows),
    )


def _evidence(flow: tracing.Traced, labels: dict[Key, str]) -> Evidence:
    via = tuple(name for _, name in flow.via)
    return Evidence(labels[flow.provider], labels[flow.model], via, str(flow.place))


def _by_severity(issue: Issue) -> tuple[bool, str, int]:
    return issue.severity != "error", issue.place.path, issue.place.line


def _names(steps: Iterable[Iterable[Key]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(name for _, name in step) for step in steps)


def _read(lineage: Lineage) -> Read:
    kinds = Counter(entity.kind for entity in lineage.facts.entities)
    return Read(
        origin=lineage.facts.origin,
        files=lineage.facts.files,
        assets=len(lineage.facts.entities),
        by_kind={kind: kinds[kind] for kind in ("model", "dataset", "application", "unknown") if kinds[kind]},
        distinct=len(lineage.known.keys),
        dependencies=len(lineage.facts.relations),
    )


def _record_issues(lineage: Lineage) -> Iterator[Issue]:
    for dependency in lineage.dependencies:
        link = dependency.link
        if dependency.lists_itself:
            yield Issue(
                "error",
                link.relation.place,
                f"{link.learner[0]} {link.learner[1]!r} lists itself: "
                "an error of the record, not a loop; not used",
            )
        elif link.others:
            kinds = ", ".join(kind for kind, _ in link.others)
            yield Issue(
                "warning",
                link.relation.place,
                f"{link.relation.object!r}, named by {link.learner[1]!r}, is the name of "
                f"a {link.provider[0]} and of another asset ({kinds}): "
                f"the {link.provider[0]} is taken; an alias with a kind decides",
            )


def _assumptions(lineage: Lineage) -> Iterator[Assumption]:
    pairs = Counter(
        (dependency.link.provider[0], dependency.link.learner[0])
        for dependency in lineage.dependencies
        if dependency.rule is None
    )
    for (provider, learner), number in pairs.most_common():
        shown = "no record" if provider == "unknown" else provider
        yield Assumption(shown, learner, number, meaning.guess(provider, learner)[1])


def _rule_uses(lineage: Lineage) -> Iterator[RuleUse]:
    decided = Counter(dependency.rule for dependency in lineage.dependencies)
    for at, rule in enumerate(lineage.rules.roles):
        yield RuleUse(str(rule), str(rule.place), decided[at])
    written = Counter(relation.object for relation in lineage.facts.relations)
    for name, alias in lineage.rules.aliases.items():
        yield RuleUse(f"{name} = {alias.name}", str(alias.place), written[name])


def _unknowns(lineage: Lineage, traced: tracing.Trace) -> Unknowns:
    depends = {relation.subject for relation in lineage.facts.relations}
    untaught = depends - {flow.model for flow in traced.flows}
    missing = [dependency.link for dependency in lineage.dependencies if not dependency.link.resolved]
    return Unknowns(
        undisclosed=tuple(name for kind, name in lineage.models if (kind, name) not in depends),
        untaught=tuple(name for kind, name in lineage.models if (kind, name) in untaught),
        unresolved=_by_use(link.provider[1] for link in missing if not link.says_nothing),
        taken_as=lineage.rules.unresolved,
        says_nothing=_by_use(link.provider[1] for link in missing if link.says_nothing),
        unknown_kind=tuple(name for kind, name in lineage.known.keys if kind == "unknown"),
    )


def _by_use(names: Iterable[str]) -> tuple[Name, ...]:
    return tuple(Name(name, uses) for name, uses in Counter(names).most_common())


def _applications(outcome: Outcome) -> ApplicationUse:
    lineage, way, traced = outcome.lineage, outcome.way, outcome.traced
    giving = [
        dependency
        for dependency in lineage.dependencies
        if dependency.link.provider[0] == "application" and dependency.link.learner[0] == "dataset"
    ]
    passed = dict.fromkeys(
        dependency.link.provider[1]
        for dependency in giving
        if dependency in way.passing and dependency.link.provider in way.mixed
    )
    sources = dict.fromkeys(flow.provider[1] for flow in traced.flows if flow.provider[0] == "application")
    every = tracing.trace(lineage.routes("all"), lineage.models)
    between = {flow.ends for flow in traced.flows if flow.provider in way.models}
    more = sum(flow.provider in way.models and flow.ends not in between for flow in every.flows)
    return ApplicationUse(
        setting=lineage.rules.applications,
        total=sum(kind == "application" for kind, _ in lineage.known.keys),
        passed=tuple(passed),
        not_passed=tuple(
            dict.fromkeys(d.link.provider[1] for d in giving if d.link.provider[1] not in passed)
        ),
        sources=tuple(sources),
        flows_all_would_add=more,
    )


def _cycles(lineage: Lineage, flows: Digraph[Key]) -> Iterator[Cycle]:
    looping = {key for steps in flows.cycles() for step in steps for key in step}
    for steps in lineage.records.cycles(lineage.models):
        keys = [key for step in steps for key in step]
        applications = tuple(name for kind, name in keys if kind == "application")
        yield Cycle(_names(steps), applications, any(key in looping for key in keys))


def _made(outcome: Outcome) -> Made:
    lineage, way, traced, graph = outcome.lineage, outcome.way, outcome.traced, outcome.graph
    flows = outcome.between_models
    chain, others = flows.deepest()
    used = {key for flow in traced.flows for key in (flow.provider, *flow.via)}
    datasets = [key for key in lineage.known.keys if key[0] == "dataset" and key not in way.mixed]
    from_models = sum(flow.provider in way.models for flow in traced.flows)
    return Made(
        models=len(graph.model_names),
        trained=int(graph.trained.sum()),
        external=int(graph.external.sum()),
        sources=len(graph.source_names),
        flows_from_models=from_models,
        flows_from_sources=len(traced.flows) - from_models,
        merged=traced.merged,
        renamed=tuple(label for (_, name), label in outcome.labels.items() if label != name),
        idle=tuple(name for kind, name in datasets if (kind, name) not in used),
        loops=tuple(tuple(name for step in steps for _, name in step) for steps in flows.cycles()),
        deepest=Chain(_names(chain), tuple(name for _, name in others)),
    )
