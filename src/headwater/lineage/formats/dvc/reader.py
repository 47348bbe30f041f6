"""The states of a DVC project gone through, oldest first, for what ran and what came at each."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from pathlib import Path

from headwater.errors import InputError
from headwater.lineage.facts import Facts, Place
from headwater.lineage.formats.dvc.files import Artifact, Plan, Planned
from headwater.lineage.formats.dvc.nodes import cut
from headwater.lineage.formats.dvc.states import Came, Project, Run, State
from headwater.lineage.formats.dvc.telling import Teller, joined
from headwater.lineage.reading import Collector, shown


def read(path: str | Path) -> Facts:
    """Facts of a DVC project: its work tree and, where it is the top of a git repository, its history.

    Parameters
    ----------
    path
        The folder that holds ``.git``, or another with DVC files, or one such file.

    Returns
    -------
    Facts
        `records` has the stages that ran, the changes of tracked data, and the commits that hold them.

    Raises
    ------
    InputError
        If `path` does not exist or holds no file of DVC's, in no commit either.
    """
    root = Path(path)
    collector = Collector(shown(root), "dvc")
    project = Project(root, collector)
    project.open()
    try:
        reader = _Reader(project, collector)
        for state in project.states():
            reader.take(state)
        if not collector.files:
            raise InputError(
                "holds no dvc.lock, dvc.yaml or .dvc file that can be read" + _why(project, collector),
                "give the top folder of the DVC project, the one with .git",
                shown(root),
            )
        reader.tell()
    finally:
        project.close()
    return collector.facts()


def _why(project: Project, collector: Collector) -> str:
    said = f", and no history was read: {project.why_no_history}" if project.why_no_history else ""
    return f"{said}; first issue: {collector.issues[0]}" if collector.issues else said


@dataclass
class _Reader:
    project: Project
    collector: Collector
    events: list[Run | Came] = field(default_factory=list)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    instead: dict[str, list[str]] = field(default_factory=dict)
    last: State | None = None

    def take(self, state: State) -> None:
        """Note what ran or came at this state."""
        self.last = state
        before = len(self.events)
        for path, blob in state.changed():
            name = path.rpartition("/")[2]
            if name == "dvc.yaml":
                self._take_artifacts(state, path, blob)
            elif name == "dvc.lock":
                self._take_lock(state, path, blob)
            else:
                self._take_tracked(state, path, blob)
        if state.moment.commit and len(self.events) > before:
            self.collector.count_record("commits")

    def _take_artifacts(self, state: State, path: str, blob: str) -> None:
        plan = self.project.plan(state, path, blob)
        for where, artifact in (plan.artifacts if plan else {}).items():
            full = joined(path, "", where)
            old = self.artifacts.get(full)
            if old and old.type != artifact.type:
                said = f"{cut(full)!r} is now a {artifact.type!r} and was a {old.type!r}: the last one counts"
                self.collector.warning(state.moment.place(path, artifact.line), said)
            self.artifacts[full] = artifact

    def _take_lock(self, state: State, path: str, blob: str) -> None:
        before = self._before(state, path)
        lock = self.project.lock(state, path, blob)
        if lock is None:
            self.instead[blob] = before
            return
        # A folder that was only renamed ran nothing.
        moved = [blob] if blob in state.earlier else []
        old = [self.project.lock(state, path, each) for each in before + moved]
        plan = self._plan_beside(state, path)
        for name, stage in lock.stages.items():
            if any(each and each.stages.get(name) == stage for each in old):
                continue
            planned = planned_as(plan, name)
            wdir = planned.wdir if planned else ""
            if "${" in wdir:
                said = (
                    f"the 'wdir' of stage {name!r} is a template: paths are read from the folder of the lock"
                )
                self.collector.warning(state.moment.place(path, stage.line), said)
                wdir = ""
            self.events.append(Run(stage, state.moment, path, wdir, planned.measured if planned else ()))

    def _take_tracked(self, state: State, path: str, blob: str) -> None:
        before = self._before(state, path)
        tracked = self.project.tracked(state, path, blob)
        if tracked is None:
            self.instead[blob] = before
        elif tracked not in [self.project.tracked(state, path, each) for each in before]:
            self.events.append(Came(tracked, state.moment, path))

    def _before(self, state: State, path: str) -> list[str]:
        """What the parents hold; in place of what cannot be read, what they held before."""
        return [found for blob in state.before(path) for found in self.instead.get(blob, [blob])]

    def _plan_beside(self, state: State, path: str) -> Plan | None:
        beside = posixpath.join(posixpath.dirname(path), "dvc.yaml")
        return self.project.plan(state, beside, state.files[beside]) if beside in state.files else None

    def tell(self) -> None:
        """Write down all facts: what the artifacts are is known now."""
        teller = Teller(self.collector, self.artifacts)
        for event in self.events:
            if isinstance(event, Run):
                teller.run(event)
            else:
                teller.came(event)
        if not any(isinstance(event, Run) for event in self.events):
            self._tell_plans(teller)
        teller.same()
        self._tell_missing()
        if self.project.why_no_history:
            said = f"no history was read: {self.project.why_no_history}; one commit alone cannot show a loop"
            self.collector.warning(_here(self.last), said)
        missing = self.project.history.missing if self.project.history else {}
        if missing:
            said = f"{len(missing):,} commits or folders are not in this clone: what they hold is not known"
            self.collector.warning(_here(self.last), f"{said}; git fetch --unshallow brings them")

    def _tell_plans(self, teller: Teller) -> None:
        """Stages of the last state, where nothing has ever run."""
        for path, _, plan in self._last_plans():
            for name, planned in plan.stages.items():
                teller.planned(name, planned, self._state().moment, path)

    def _tell_missing(self) -> None:
        """What the last ``dvc.yaml`` and the last ``dvc.lock`` do not have of each other."""
        for path, folder, plan in self._last_plans():
            beside = posixpath.join(folder, "dvc.lock")
            blob = self._state().files.get(beside)
            lock = self.project.lock(self._state(), beside, blob) if blob else None
            ran = {_base(name, plan): stage for name, stage in (lock.stages if lock else {}).items()}
            for name, planned in plan.stages.items():
                if name not in ran:
                    said = f"stage {name!r} has no entry in dvc.lock: it has not run, or its lock is not here"
                    self.collector.warning(self._state().moment.place(path, planned.line), said)
            for name, stage in ran.items():
                if name not in plan.stages:
                    said = (
                        f"stage {stage.name!r} is not in dvc.yaml; it may be of another commit, and was read"
                    )
                    self.collector.warning(self._state().moment.place(beside, stage.line), said)

    def _last_plans(self) -> list[tuple[str, str, Plan]]:
        found = []
        for path, blob in sorted(self._state().files.items()):
            if path.rpartition("/")[2] == "dvc.yaml":
                plan = self.project.plan(self._state(), path, blob)
                if plan:
                    found.append((path, posixpath.dirname(path), plan))
        return found

    def _state(self) -> State:
        return self.last or State({})


def _here(state: State | None) -> Place:
    return Place(min(state.files, default="")) if state else Place("")


def planned_as(plan: Plan | None, name: str) -> Planned | None:
    """The plan of a stage; ``train@3`` is one of the stages that the template ``train`` stands for."""
    return plan.stages.get(_base(name, plan)) if plan else None


def _base(name: str, plan: Plan) -> str:
    return name if name in plan.stages else name.partition("@")[0]
