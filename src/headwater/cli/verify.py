"""``headwater verify``: a law held to a simulation, or the theory to public data."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli import inputs

if TYPE_CHECKING:
    from pathlib import Path

    from headwater.pipeline import Pipeline
    from headwater.theory.laws import Law

REPLICATES = 4000
OF_A_POINT = 1000
"""Replicates of a law's simulation, and of each of a benchmark's, where none are given."""
MOST_REPLICATES = 1_000_000
"""Of a benchmark, which plays several simulations."""
NO_LAW = ("gaussian-mixture", "kernel-density", "ngram")
LEAST_FALSE_ALARM = 1e-12
"""Below it the tail of the distribution that is judged by says little."""
OF_BENCHMARK = (
    "benchmark",
    "target",
    "replicates",
    "seed",
    "generations",
    "workers",
    "backend",
    "address",
    "as_json",
    "output",
)
"""Options that a benchmark takes."""


def command(
    context: typer.Context,
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="A pipeline (YAML) or an edge list (CSV, Parquet).")
    ] = None,
    family: inputs.Family = None,
    law: Annotated[str | None, typer.Option(help="Law to hold to it; the family's own if left out.")] = None,
    replicates: Annotated[
        int | None, typer.Option(help="Histories simulated (4000; of each point of a benchmark 1000).")
    ] = None,
    seed: inputs.Seed = None,
    generations: inputs.Generations = None,
    regime: inputs.Regime = None,
    false_alarm: Annotated[
        float, typer.Option(help="Chance that a right law is refused, over all models and generations.")
    ] = 1e-3,
    benchmark: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="diabetes, breast_cancer, digits, or a CSV, Parquet or text file of your own.",
        ),
    ] = None,
    assume: inputs.Assume = None,
    sources: inputs.Sources = None,
    workers: inputs.Workers = None,
    backend: inputs.Backend = "processes",
    address: inputs.Address = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON document instead of the table.")
    ] = False,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="PATH", help="Also write the JSON document to PATH."),
    ] = None,
    ddof: inputs.Ddof = None,
    dimensions: inputs.Dimensions = None,
    mean: inputs.Mean = None,
    shape: inputs.Shape = None,
    noise: inputs.Noise = None,
    features: inputs.Features = None,
    penalty: inputs.Penalty = None,
    table: inputs.Table = None,
    target: inputs.Target = None,
    rows: inputs.Rows = None,
    symbols: inputs.Symbols = None,
    exponent: inputs.Exponent = None,
    shift: inputs.Shift = None,
    text: inputs.TextFile = None,
) -> None:
    """Show predicted beside simulated risk; exit 1 where they disagree.

    With --benchmark, sweep the real share of a loop on real data and show the share at which
    inflation crosses 1.5 and 2, predicted and observed.
    """
    from headwater.errors import InputError

    _check_false_alarm(false_alarm)
    if benchmark is not None:
        _check_alone(context)
        _benchmark(context, benchmark)
        return
    if file is None:
        raise InputError("there is nothing to verify", "name a pipeline file, or write --benchmark diabetes")
    _verify(context, file)


def _verify(context: typer.Context, file: str) -> None:
    from headwater.report.verification import VerificationView
    from headwater.verification import verify

    given = context.params
    place = inputs.output_of(given["output"], file, given["table"], given["text"])
    chosen_law, chosen_family = _law_and_family(given)
    seed = inputs.seeded(given["seed"])
    pipeline, content = inputs.described(file, given["sources"], given["regime"], given["assume"])
    executor = inputs.executor_of(given["backend"], given["workers"], given["address"])
    with inputs.located(file, content):
        _check_unbiased(pipeline)
        found = verify(
            pipeline,
            chosen_family,
            chosen_law,
            replicates=REPLICATES if given["replicates"] is None else given["replicates"],
            seed=seed,
            generations=given["generations"],
            false_alarm=given["false_alarm"],
            executor=executor,
        )
    _give(found.to_dict(), VerificationView(found), given["as_json"], place)
    if not found.agree:
        raise typer.Exit(1)


def _benchmark(context: typer.Context, name: str) -> None:
    from headwater.errors import InputError
    from headwater.report.verification import BenchmarkView
    from headwater.verification.datasets import load
    from headwater.verification.document import to_dict
    from headwater.verification.public import benchmark

    given = context.params
    place = inputs.output_of(given["output"], name)
    replicates = OF_A_POINT if given["replicates"] is None else given["replicates"]
    if replicates > MOST_REPLICATES:
        raise InputError(
            f"--replicates {replicates}",
            f"a benchmark plays {MOST_REPLICATES:,} at most: write fewer",
        )
    options: dict[str, Any] = {} if given["generations"] is None else {"generations": given["generations"]}
    seed = inputs.seeded(given["seed"])
    executor = inputs.executor_of(given["backend"], given["workers"], given["address"])
    data = load(name, given["target"])
    with _telling(data.name) as told:
        # the line that tells what is played takes the place of a bar a simulation
        found = benchmark(
            data,
            seed=seed,
            replicates=replicates,
            executor=replace(executor, progress=False),
            told=told,
            **options,
        )
    _give(to_dict(found), BenchmarkView(found), given["as_json"], place)


@contextmanager
def _telling(name: str) -> Iterator[Callable[[str], None]]:
    """A line on a terminal's error stream that says what is being played; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(name) as status:
        yield lambda text: status.update(f"{name}: {text} ...")


def _give(document: dict[str, Any], view: Any, as_json: bool, place: Path | None) -> None:
    import json

    from headwater.cli.printing import show
    from headwater.files import write_bytes

    content = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if place is not None:
        write_bytes(place, content.encode())
    if as_json:
        typer.echo(content, nl=False)
    else:
        show(view)


def _law_and_family(given: dict[str, Any]) -> tuple[Law | None, Any]:
    """Both are given the options that are theirs; an option that is nobody's is refused."""
    from headwater.errors import FamilyError, InputError
    from headwater.families import registry
    from headwater.theory.laws import LAWS, make_law

    options = {key: given[key] for key in inputs.OF_FAMILIES if given.get(key) is not None}
    if given["family"] in NO_LAW:
        raise FamilyError(
            f"family {given['family']} has no law that could be held to it",
            f"look at it alone: headwater simulate --family {given['family']}",
        )
    if given["family"] is None:
        raise InputError("--family is missing", f"families: {', '.join(registry.names())}")
    entry = registry.FAMILIES.get(given["family"])
    taken = set(options) if entry is None else {*entry.needed, *entry.optional}
    law = None
    if given["law"] is not None:
        of_law = {*LAWS[given["law"]][1], *LAWS[given["law"]][2]} if given["law"] in LAWS else set()
        law = make_law(given["law"], {key: value for key, value in options.items() if key in of_law})
        for key in set(options) - taken - of_law:
            raise FamilyError(
                f"neither family {given['family']} nor law {given['law']} takes --{key}", f"remove --{key}"
            )
        options = {key: value for key, value in options.items() if key in taken}
    return law, registry.make(given["family"], options)


def _check_alone(context: typer.Context) -> None:
    """A benchmark has its own loop, family and law: what would say otherwise is refused."""
    from headwater.errors import InputError

    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name not in OF_BENCHMARK and source is not None and source.name != "DEFAULT":
            said = "the pipeline file" if name == "file" else parameter.opts[-1]
            raise InputError(
                f"--benchmark plays its own loop with a family and law that fit the data, and not {said}",
                f"remove {said}, or remove --benchmark",
            )


def _check_false_alarm(value: float) -> None:
    from headwater.errors import InputError

    if not LEAST_FALSE_ALARM <= value < 1:
        raise InputError(
            f"--false-alarm {value:g}",
            f"write a chance of at least {LEAST_FALSE_ALARM:g} and below 1, such as 0.001",
        )


def _check_unbiased(pipeline: Pipeline) -> None:
    """No law covers a flow that biases what its provider emits; the first is told with its place."""
    from headwater.errors import LawError

    graph = pipeline.graph
    if graph.emissions:
        at = min(graph.emissions)
        key = graph.emissions[at].changed[0]
        raise LawError(
            f"flow {graph.flow(at)} has {key}, and no law covers a flow that biases what its provider emits",
            "remove temperature, top_p, variance and keep_... from the flows, or simulate alone",
            ("flows", at, key),
        )
