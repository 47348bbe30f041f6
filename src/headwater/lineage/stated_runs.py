"""Facts that rules about runs add: what a run trained, where its record names neither model nor data.

Most trackers' runs log parameters and metrics and no datasets. A run rule says which label holds
the generation and which the count, and what the run stands for. Runs whose records do name
data or models are left to them: told twice, generations would be counted by two clocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from headwater.lineage.facts import Count, Entity, Facts, Issue, Key, Relation
from headwater.lineage.rules import RunRule


def add(facts: Facts, rules: Sequence[RunRule]) -> tuple[Facts, tuple[int, ...]]:
    """The facts with those the rules add, and how many runs each rule fits."""
    if not rules:
        return facts, ()
    fitted = [0] * len(rules)
    telling = {key for relation in facts.relations for key in (relation.subject, relation.object)}
    added: list[Entity | Relation | Issue] = []
    for entity in facts.entities:
        # A run whose record names data or models has said itself what it did.
        if entity.kind != "procedure" or entity.key in telling:
            continue
        for at, rule in enumerate(rules):
            if _fits(entity.labels, rule):
                fitted[at] += 1
                added += _stated(entity, rule)
                break
    whole = replace(
        facts,
        entities=(*facts.entities, *(fact for fact in added if isinstance(fact, Entity))),
        relations=(*facts.relations, *(fact for fact in added if isinstance(fact, Relation))),
        issues=(*facts.issues, *(fact for fact in added if isinstance(fact, Issue))),
    )
    return whole, tuple(fitted)


def _fits(labels: Mapping[str, str], rule: RunRule) -> bool:
    return all(label in labels and fnmatchcase(labels[label], text) for label, text in rule.where.items())


def _stated(run: Entity, rule: RunRule) -> Iterator[Entity | Relation | Issue]:
    generation = _number(run.labels.get(rule.generation, ""))
    if generation is None:
        said = f"run {run.name!r} has no whole number in {rule.generation!r}: the rule cannot use it"
        yield Issue("error", run.place, said)
        return
    model = Key("model", rule.model, str(generation))
    yield Entity(model, run.place, generation=generation, time=run.time)
    if rule.generated_by:
        data = Key("dataset", f"{rule.generated_by} output", str(generation))
        # Before the first round stands a model of which these records tell nothing.
        writer = Key("model", rule.generated_by, str(generation - 1) if generation else "start")
        number = _number(run.labels.get(rule.samples, ""))
        if rule.samples and number is None:
            said = f"run {run.name!r} has no count in {rule.samples!r}: it stays unknown"
            yield Issue("warning", run.place, said)
        count = None if number is None else Count.exactly(number)
        yield Entity(writer, run.place, generation=generation - 1 if generation else None)
        yield Entity(data, run.place, count=count, generation=generation)
        yield Relation(data, writer, "generated", run.place, count, rule.samples)
        yield Relation(model, data, "trained-on", run.place, count, rule.samples)
    if rule.trained_on:
        real = Key("dataset", rule.trained_on)
        yield Relation(model, real, "trained-on", run.place, None, "rule")


def _number(text: str) -> int | None:
    """A whole number from 0, as trackers spell it: ``5`` or ``5.0``."""
    whole, _, rest = text.strip().partition(".")
    if whole.isascii() and whole.isdigit() and len(whole) <= 15 and not rest.strip("0"):
        return int(whole)
    return None
