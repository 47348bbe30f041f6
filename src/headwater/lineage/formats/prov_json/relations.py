"""Facts from PROV statements: first all names and times, then entities and relations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal, cast

from headwater.lineage.facts import Count, Key, Role
from headwater.lineage.formats.details import labels, moment
from headwater.lineage.formats.prov_json.documents import Statement
from headwater.lineage.formats.prov_json.forms import ACTIVITIES, ANYTHING, ELEMENTS, FORMS, Class
from headwater.lineage.formats.prov_json.names import Names
from headwater.lineage.formats.prov_json.values import OWN, agent, doubtful, local, scalars, types, whole
from headwater.lineage.reading import Collector
from headwater.lineage.reading.collecting import LONGEST_NAME, spelled

_SYNTHETIC: dict[str, Literal["all", "mixed", "none"]] = {
    "all": "all",
    "true": "all",
    "mixed": "mixed",
    "none": "none",
    "false": "none",
}
_DERIVATION = ("prov:generatedEntity", "prov:usedEntity", "prov:activity")


def tell(statements: Sequence[Statement], collector: Collector) -> None:
    """Collect the facts that statements tell of."""
    teller = _Teller(collector)
    kept = [statement for statement in statements if teller.note(statement)]
    teller.settle_times()
    for statement in kept:
        if statement.section in ELEMENTS:
            teller.element(statement)
        else:
            teller.relation(statement)


class _Teller:
    """Names and times of all statements, from which each gives its facts."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.names = Names(collector)
        self.ends: dict[Key, list[str]] = defaultdict(list)
        self.starts: dict[Key, list[str]] = defaultdict(list)
        self._pending: list[tuple[Statement, str, str, bool]] = []
        self._disputes: set[Key] = set()

    def note(self, statement: Statement) -> bool:
        """Take in names and times; whether the statement can be read on."""
        section, id_, body, scope, place = statement
        self.collector.count_record(section)
        if section not in ELEMENTS:
            for attribute in (FORMS[section].subject, FORMS[section].object, *_DERIVATION[2:]):
                for written in _references(body.get(attribute)):
                    self.names.note(written, scope, place)
            self._note_time(statement)
            return True
        if self.collector.name(id_, f"the id of the {section}", place) is None:
            return False
        self.names.declare(cast(Class, section), statement)
        if section == "activity":
            self._pending.append((statement, "prov:startTime", id_.strip(), False))
            self._pending.append((statement, "prov:endTime", id_.strip(), True))
        return True

    def _note_time(self, statement: Statement) -> None:
        """Remember a time at which an activity certainly ran."""
        for written in _references(statement.body.get("prov:activity")):
            ended = statement.section in ("wasEndedBy", "wasGeneratedBy")
            if "prov:time" in statement.body and statement.section != "wasInvalidatedBy":
                self._pending.append((statement, "prov:time", written, ended))

    def settle_times(self) -> None:
        """Give every activity the times at which it ended, or started, or wrote or read something."""
        for statement, attribute, written, ended in self._pending:
            value = statement.body.get(attribute)
            said = [moment(each) for each in scalars(value)]
            if value is not None and not any(said):
                shown = f"{attribute!r} is {spelled(value)}, not a time: it stays unknown"
                self.collector.warning(statement.place, shown)
            identity = self.names.note(written, statement.scope, statement.place)
            times = self.ends if ended else self.starts
            times[self.names.key(identity, statement.scope, True)] += filter(None, said)
        self._pending.clear()

    def element(self, statement: Statement) -> None:
        """Record an entity, activity or agent."""
        section, id_, body, scope, place = statement
        activity = section == "activity"
        identity = self.names.note(id_.strip(), scope, place)
        key = self.names.key(identity, scope, activity)
        if not activity and self.names.disputed(identity) and key not in self._disputes:
            self._disputes.add(key)
            self.collector.warning(place, f"the types of {key.name!r} state several kinds: it stays unknown")
        written = " ".join(scalars(body.get(f"{OWN}synthetic"))).lower()
        times = self.ends.get(key) or self.starts.get(key) or [""]
        time = (
            max(times)
            if activity
            else max(map(moment, scalars(body.get("prov:generatedAtTime"))), default="")
        )
        self.collector.entity(
            key,
            place,
            count=self._samples(statement),
            generation=whole(body, "generation", place, self.collector),
            synthetic=_SYNTHETIC.get(written),
            time=time,
            started=min(self.starts.get(key, ()), default="") if activity else "",
            labels=self._labels(statement),
        )

    def _labels(self, statement: Statement) -> dict[str, str]:
        own = {"class": statement.section}
        sort = agent(statement.body) if statement.section == "agent" else ""
        if sort:
            own["agent"] = sort
        # An attribute of the record that is called so must not say otherwise.
        return own | labels(self._attributes(statement)) | own

    def _samples(self, statement: Statement) -> Count | None:
        samples = whole(statement.body, "samples", statement.place, self.collector)
        return None if samples is None else Count.exactly(samples)

    def _attributes(self, statement: Statement) -> Iterator[tuple[str, object]]:
        for name, value in statement.body.items():
            if doubtful(value):
                said = f"part of {name[:40]!r} is neither a scalar nor a typed literal; it was left out"
                self.collector.warning(statement.place, said)
            for said in scalars(value):
                yield name, said

    def relation(self, statement: Statement) -> None:
        """Record what a statement relates."""
        form = FORMS[statement.section]
        if form.role is None:
            return
        subjects = self._ends(statement, form.subject)
        objects = self._ends(statement, form.object, missing_is_fine=form.open)
        role: Role = form.role
        said = [*types(statement.body), *scalars(statement.body.get("prov:role"))]
        if role == "derived" and any(local(each) == "Revision" for each in said):
            role = "version-of"
        word = " ".join((statement.section, *said))[:LONGEST_NAME]
        count = self._samples(statement)
        for subject in subjects[:1]:
            for object_ in objects:
                # What several members of a collection count together is the count of none.
                own = count if len(objects) == 1 else None
                self.collector.relation(subject, object_, role, statement.place, count=own, word=word)
        if statement.section == "wasDerivedFrom":
            self._derivation(statement, subjects, objects)

    def _derivation(self, statement: Statement, made: list[Key], used: list[Key]) -> None:
        """PROV: the activity that a derivation names used the one and generated the other."""
        for activity in self._ends(statement, "prov:activity", missing_is_fine=True)[:1]:
            place, word = statement.place, statement.section
            for each in made[:1]:
                self.collector.relation(each, activity, "made", place, word=word)
            for each in used[:1]:
                self.collector.relation(activity, each, "used", place, word=word)

    def _ends(self, statement: Statement, attribute: str, *, missing_is_fine: bool = False) -> list[Key]:
        """The things at one end of a relation; what is wrong with it becomes an issue."""
        value, place = statement.body.get(attribute), statement.place
        what = f"{attribute!r} of {statement.section!r}"
        if value is None:
            if not missing_is_fine:
                self.collector.error(place, f"{what} is missing; nothing follows from the record")
            return []
        found = list(_references(value))
        several = isinstance(value, list) and statement.section != "hadMember" and len(value) > 1
        if several or len(found) != (len(value) if isinstance(value, list) else 1):
            self.collector.error(place, f"{what} is {spelled(value)}, not a name; what is none was skipped")
        keys = []
        for written in found[:1] if several else found:
            if self.collector.name(written, what, place) is not None:
                keys.append(self._end(written, attribute, statement))
        return keys

    def _end(self, written: str, attribute: str, statement: Statement) -> Key:
        scope = statement.scope
        identity = self.names.note(written, scope, statement.place)
        activity = attribute in ACTIVITIES
        if not activity and self.names.is_activity(identity, scope):
            activity = True
            if attribute not in ANYTHING:
                said = f"{attribute!r} names {written[:60]!r}, which is recorded as an activity"
                self.collector.warning(statement.place, said)
        return self.names.key(identity, scope, activity)


def _references(value: object) -> Iterator[str]:
    """The names that an end of a relation holds."""
    for item in value if isinstance(value, list) else [value]:
        name = item.get("$") if isinstance(item, dict) else item
        if isinstance(name, str) and name.strip():
            yield name.strip()
