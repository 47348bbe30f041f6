"""What real generations did: alarms, the eight definitions, causes and metrics, brought together.

How samples are read from files is the business of `headwater.samples`; what each number means is said
where it is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from numpy.typing import ArrayLike

from headwater.diagnosis.course import Point, lay_over
from headwater.diagnosis.inspection import Context, Inspected, Inspection, Key, Untold
from headwater.diagnosis.measured import measured_of, quantities
from headwater.diagnosis.values import Diagnosis
from headwater.errors import SampleError
from headwater.measures.causes.diagnosing import Differential, differential
from headwater.measures.causes.evidence import LEAST, Ancestry, Evidence
from headwater.measures.contract import Estimate, Metric
from headwater.measures.definitions.profile import profile
from headwater.measures.definitions.scaling import Scaling
from headwater.measures.definitions.values import DEFINITIONS, Profile, Thresholds
from headwater.measures.readings import Reading, common_items, healthy, read
from headwater.measures.risk import GROUPS
from headwater.monitoring.monitor import MOST, Monitor
from headwater.samples.summary import Summary
from headwater.samples.values import Sample

ROOM = 0.8
"""Of the first sample's items, from which risk is counted where more generations may come: so that one
that is a little smaller can still be compared."""


def inspect(
    samples: Mapping[Key, Sample | Summary | ArrayLike],
    monitor: Monitor,
    *,
    context: Context | None = None,
    again: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Inspection:
    """Check generations against real data, and tell what they did.

    Parameters
    ----------
    samples
        By model and generation.
    monitor
        With the real data, and all it remembers of earlier generations; it remembers these too then.
    context
        What else is known, and what else to measure.
    again
        Allow generations that were checked before; they are no evidence then.
    progress
        Told what is being done.

    Raises
    ------
    SampleError
        If a generation was checked before and `again` is False, or a sample is unlike the reference. Nothing
        is remembered then.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> monitor = Monitor(rng.normal(size=(2000, 2)))
    >>> wrote = {("student", t): Sample.of(rng.normal(scale=0.7**t, size=(1000, 2))) for t in range(4)}
    >>> inspect(wrote, monitor).models["student"].profile.stage
    'late'
    """
    if not samples:
        raise SampleError("there are no samples", "give those of at least one generation")
    given = {key: _as_sample(each, monitor) for key, each in samples.items()}
    with monitor.all_or_nothing():
        return _inspect(given, monitor, context or Context(), again, progress or (lambda words: None))


def _as_sample(given: Sample | Summary | ArrayLike, monitor: Monitor) -> Sample:
    """Rows as they come from Python or from `gather`."""
    if isinstance(given, Summary):
        return given.sample
    kind = monitor.frame.reference.kind
    return given if isinstance(given, Sample) else Sample.of(given, None if kind == "numeric" else kind)


def _inspect(
    samples: Mapping[Key, Sample],
    monitor: Monitor,
    known: Context,
    again: bool,
    tell: Callable[[str], None],
) -> Inspection:
    reference = monitor.frame.reference
    items = _items(samples, monitor)
    real = healthy(monitor.frame, items)
    for (model, generation), sample in sorted(samples.items()):
        tell(f"{model}, generation {generation}")
        monitor.check(generation, sample, model, again)
        reading = read(monitor.frame, sample, items)
        noted = {
            "reading": reading.to_dict(),
            **quantities(sample, reference, reading, (model, generation), known.diagnosis),
        }
        monitor.note(generation, noted, model)
    models = {}
    for model in monitor.histories:
        own = {generation: sample for (name, generation), sample in samples.items() if name == model}
        readings = _readings(monitor, model)
        if not readings:
            # checked by the monitor alone
            continue
        tell(f"{model}: definitions and causes")
        profiles = _profiles(readings, real, known.thresholds, known.scaling.get(model))
        models[model] = Inspected(
            model,
            MappingProxyType(dict(sorted(monitor.histories[model].checks.items()))),
            profiles[max(profiles)],
            {at: each.stage for at, each in profiles.items()},
            _causes(model, own, monitor, known, _losses(profiles)),
            {at: _measured(sample, monitor, known.metrics, tell) for at, sample in sorted(own.items())},
        )
    return Inspection(
        models=models,
        new=tuple(sorted(samples)),
        reference=reference,
        alpha=monitor.settings.alpha,
        course=_course(models, monitor, known.diagnosis),
        abouts={name: metric.about for name, metric in known.metrics.items()},
        notes=_notes(models, samples, known),
    )


def ancestry_of(diagnosis: Diagnosis) -> dict[str, Ancestry]:
    """What each model of a pipeline learns from, by its flows alone; nothing of a model that is frozen."""
    graph = diagnosis.graph
    models = len(graph.model_names)
    found: dict[str, Ancestry] = {}
    for at, name in enumerate(graph.model_names):
        providers = graph.provider[graph.learner == at]
        if graph.frozen[at] or not len(providers):
            continue
        synthetic = providers < models
        found[name] = "synthetic" if synthetic.all() else "mixed" if synthetic.any() else "real"
    return found


def _readings(monitor: Monitor, model: str) -> dict[int, Reading]:
    notes = monitor.readings(model).items()
    return {at: Reading.from_dict(noted["reading"]) for at, noted in notes if "reading" in noted}


def _items(samples: Mapping[Key, Sample], monitor: Monitor) -> int:
    """Items from which risk is counted in every generation: as many as before, if there was one before."""
    for model in monitor.histories:
        for reading in _readings(monitor, model).values():
            if reading.risk is not None:
                return reading.risk.items
    # a sample of a few rows has no risk of its own, and must not spoil that of others
    told = {at: sample for at, sample in enumerate(samples.values()) if len(sample) >= GROUPS}
    return max(1, round(ROOM * common_items(monitor.frame, told)))


def _profiles(
    readings: Mapping[int, Reading], real: Reading, thresholds: Thresholds | None, scaling: Scaling | None
) -> dict[int, Profile]:
    """By generation: what the model was when that one was the newest."""
    order = sorted(readings)
    return {
        newest: profile({at: readings[at] for at in order if at <= newest}, real, thresholds, scaling)
        for newest in order
    }


def _causes(
    model: str, own: Mapping[int, Sample], monitor: Monitor, known: Context, losses: tuple[str, ...]
) -> Differential | None:
    if not own or any(len(sample) < LEAST for sample in own.values()):
        return None
    return differential(
        Evidence(
            own,
            monitor.frame.reference,
            known.newer,
            known.training,
            ancestry=known.ancestry.get(model, known.ancestry.get("")),
            deployed=known.deployed,
            losses=losses,
        )
    )


def _losses(profiles: Mapping[int, Profile]) -> tuple[str, ...]:
    """Definitions that hold of the newest generation and did not of the first, in words."""
    before, now = profiles[min(profiles)], profiles[max(profiles)]
    return tuple(
        f"{DEFINITIONS[each.definition]}: {each.why}"
        for each in now.findings
        if each.holds and not before[each.definition].holds
    )


def _measured(
    sample: Sample, monitor: Monitor, metrics: Mapping[str, Metric], tell: Callable[[str], None]
) -> dict[str, Estimate | Untold]:
    """One that this sample cannot be measured by is no reason to lose the others."""
    found: dict[str, Estimate | Untold] = {}
    for name, metric in metrics.items():
        tell(name)
        try:
            found[name] = metric(sample, monitor.frame.reference)
        except SampleError as error:
            found[name] = Untold(error.problem.partition("\n")[0])
    return found


def _course(
    models: Mapping[str, Inspected], monitor: Monitor, diagnosis: Diagnosis | None
) -> tuple[Point, ...]:
    if diagnosis is None:
        return ()
    measured = {}
    for model in models:
        for at, found in measured_of(monitor.readings(model)).items():
            measured[model, at] = found
    return lay_over(diagnosis, measured)


def _notes(models: Mapping[str, Inspected], samples: Mapping[Key, Sample], known: Context) -> tuple[str, ...]:
    notes = []
    large = [sample for sample in samples.values() if sample.count > min(len(sample), MOST)]
    if large:
        rows = max(min(len(sample), MOST) for sample in large)
        notes.append(
            f"{len(large):,} samples have more rows than are scored: {rows:,} of each at most, at random; "
            "moments are of all"
        )
    if any((model, at) not in samples for model, found in models.items() for at in found.checks):
        notes.append(
            "causes are weighed from the samples of this run, not from those that the state remembers"
        )
    notes += _untold(models)
    if known.newer is None:
        notes.append(
            "no newer real data (--newer): by distance to real data alone, drift of the world "
            "cannot be told from collapse"
        )
    return tuple(notes)


def _untold(models: Mapping[str, Inspected]) -> list[str]:
    """Metrics that could not be computed, each once, with the first reason; those alike in one sentence."""
    found: dict[str, list[str]] = {}
    for model, each in models.items():
        for generation, metrics in each.metrics.items():
            for name, metric in metrics.items():
                if isinstance(metric, Untold):
                    found.setdefault(name, []).append(f"generation {generation} of {model!r}: {metric.why}")
    alike: dict[str, list[str]] = {}
    for name, told in found.items():
        more = f", nor of {len(told) - 1:,} more" if len(told) > 1 else ""
        alike.setdefault(f"cannot be told of {told[0]}{more}", []).append(name)
    return [f"{', '.join(names)} {told}" for told, names in alike.items()]
