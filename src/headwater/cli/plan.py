"""``headwater plan``: where real data meet targets at least cost, beside every other lever."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli import inputs, planned, printing

if TYPE_CHECKING:
    from pathlib import Path

    from headwater.planning.levers import Row, Verifier
    from headwater.planning.plan import Means, Plan

OF_OTHERS = ("synthetic", "checked", "kept")
"""Prices of what other levers take."""


def command(
    file: inputs.File,
    max_inflation: planned.MaxInflation = None,
    min_diversity: planned.MinDiversity = None,
    min_tail_sample: planned.MinTailSample = None,
    at: planned.At = None,
    models: planned.Models = None,
    cost: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT=PRICE",
            help="Price of one sample a generation: real=2.5 (1 if left out) or the name of a source; and of "
            "what other levers take, 0 if left out: synthetic=0.01, checked=0.05 (by a verifier), kept=0.001 "
            "(an old sample stored). May be repeated.",
        ),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Money a generation: without targets, the best it buys.")
    ] = None,
    cap: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=N",
            help="Of a source: most samples that it gives a generation, present flows included. Of a model "
            "or group: most that may be added. May be repeated.",
        ),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=A,B,...", help="A name for several models, for --cap and --untouched."),
    ] = None,
    untouched: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Models and groups that may get no real data.")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Source that may give; every fresh one if left out. May be repeated."
        ),
    ] = None,
    new_source: Annotated[
        str | None, typer.Option(metavar="NAME", help="A fresh source that the pipeline does not have yet.")
    ] = None,
    verifier: Annotated[
        str | None,
        typer.Option(
            metavar="QUALITY",
            help="keep_right=0.9,keep_wrong=0.2,accuracy=0.7: how often a verifier keeps right and wrong "
            "samples, and how often what models make is right.",
        ),
    ] = None,
    levers: Annotated[
        bool | None, typer.Option(help="Compare other levers (yes, up to 300 models).", show_default=False)
    ] = None,
    generations: inputs.Generations = None,
    regime: inputs.Regime = None,
    assume: inputs.Assume = None,
    sources: inputs.Sources = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="PATH", help="Write the changed pipeline here.")
    ] = None,
    lever: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With -o: the lever to write instead of real data, by its name or its number in the table.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON document instead of the page.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Hold the plan to a simulation; needs --seed.")
    ] = False,
    seed: inputs.Seed = None,
    replicates: Annotated[int, typer.Option(help="Histories simulated with --verify.")] = 2000,
) -> None:
    """Find the real data that meet targets at least cost, and what every other lever would do.

    Such as: headwater plan pipeline.yaml --max-inflation 1.5 --cost real=1 -o planned.yaml. Exit code 3
    where the targets cannot be met, or a simulation denies it.
    """
    from dataclasses import replace

    from headwater.errors import InputError
    from headwater.planning.plan import plan as run
    from headwater.planning.targets import scope_of
    from headwater.report.plans import PlanView

    asked = (max_inflation, min_diversity, min_tail_sample, at)
    targets = planned.targets_of(*asked, needed=budget is None)
    number = inputs.seeded(seed) if verify else None
    if lever is not None and output is None:
        raise InputError(f"--lever {lever!r:.60} writes nothing without -o", "write -o new.yaml too")
    place = inputs.output_of(output, file)
    pipeline, content = inputs.described(file, sources, regime, assume)
    if generations is not None:
        pipeline = replace(pipeline, generations=generations)
    with inputs.located(file, content), printing.told("planning ...") as told:
        if new_source is not None:
            pipeline = replace(pipeline, graph=planned.with_source(pipeline.graph, new_source))
        known = pipeline.graph.source_names
        giving = [*(source or []), *([new_source] if new_source is not None else [])]
        prices = planned.numbers_of(cost or [], "--cost", "real=1.0")
        # a source may be called as another lever's price is
        others = {name: prices.pop(name) for name in OF_OTHERS if name in prices and name not in known}
        means = _means(prices, others, cap or [], group or [], untouched, giving, budget, verifier)
        scope = scope_of(pipeline.graph, planned.named(models))
        plan = run(
            pipeline,
            targets,
            means,
            scope=scope,
            levers=levers,
            seed=number,
            replicates=replicates,
            told=told,
        )
    if place is not None:
        _write(plan, place, lever, file, assume or [])
    if as_json:
        typer.echo(json.dumps(plan.to_dict(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        printing.show(PlanView(plan))
        if place is not None:
            typer.echo(f"\nWrote {output}; look again: headwater diagnose {output}")
    if not plan.met:
        raise typer.Exit(planned.CANNOT)


def _means(
    prices: Mapping[str, float],
    others: Mapping[str, float],
    cap: Sequence[str],
    group: Sequence[str],
    untouched: str | None,
    giving: Sequence[str],
    budget: float | None,
    verifier: str | None,
) -> Means:
    import math

    from headwater.errors import InputError
    from headwater.planning.allocation import Supply
    from headwater.planning.levers import Prices
    from headwater.planning.plan import Means

    caps = planned.numbers_of(cap, "--cap", "web=20000")
    if budget is not None and not (budget >= 0 and math.isfinite(budget)):
        raise InputError(f"--budget is {budget!r}", "write a finite amount of money, 0 or more")
    groups = {}
    for text in group:
        name, mark, members = text.partition("=")
        if not (mark and name.strip() and inputs.names(members)):
            raise InputError(f"--group {text[:60]!r}", "write --group NAME=MODEL,MODEL,...")
        if name.strip() in groups:
            raise InputError(f"--group {name.strip()!r:.60} is given twice", "leave one out")
        groups[name.strip()] = tuple(inputs.names(members))
    supply = Supply(
        prices=prices,
        caps={name: cap if cap != math.floor(cap) else int(cap) for name, cap in caps.items()},  # type: ignore[misc]
        groups=groups,
        untouched=frozenset(inputs.names(untouched)),
        sources=tuple(giving) or None,
    )
    of_source = {name: price for name, price in prices.items() if name != "real"}
    all_real = Prices(real=prices.get("real", 1.0), of_source=of_source, **others)
    return Means(supply, all_real, budget, _verifier(verifier))


def _verifier(text: str | None) -> Verifier | None:
    from headwater.errors import InputError
    from headwater.planning.levers import Verifier

    if text is None:
        return None
    given = planned.numbers_of(text.split(","), "--verifier", "keep_right=0.9,keep_wrong=0.2,accuracy=0.7")
    if set(given) != {"keep_right", "keep_wrong", "accuracy"}:
        raise InputError(
            f"--verifier {text[:80]!r}", "write all three: keep_right=0.9,keep_wrong=0.2,accuracy=0.7"
        )
    return Verifier(**given)


def _write(plan: Plan, place: Path, lever: str | None, file: str, assume: Sequence[str]) -> None:
    from headwater.planning.changes import write_changed

    pipeline, changes, met = plan.allocation.pipeline, plan.allocation.changes, plan.allocation.met
    what = "Real data"
    if lever is not None:
        row = _row(plan, lever)
        assert row.pipeline is not None
        pipeline, changes, met, what = row.pipeline, row.changes, bool(row.met), f"Lever: {row.lever}"
    wanted = "; ".join(map(str, plan.targets)) or "the best that the budget buys"
    why = f"{what}, for {wanted}{'' if met else ', WHICH IS NOT MET'}.{planned.assumed(assume)}"
    origin = f"{file} (sha256 {plan.pipeline.sha256})" if plan.pipeline.sha256 else file
    write_changed(pipeline, place, changes, why, origin)


def _row(plan: Plan, lever: str) -> Row:
    """The row of the table that a name or number means."""
    from headwater.errors import InputError, nearest

    rows = () if plan.comparison is None else plan.comparison.rows
    numbered = {f"{at}": row for at, row in enumerate(rows, 1) if row.pipeline is not None}
    if lever in numbered:
        return numbered[lever]
    found = {at: row for at, row in numbered.items() if row.lever == lever}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise InputError(
            f"--lever {lever!r:.60} means {len(found)} rows of the table: {', '.join(found)}",
            f"write the number of one: --lever {next(iter(found))}",
        )
    raise InputError(
        f"--lever {lever!r:.60} has no pipeline to write",
        nearest(lever, {row.lever for row in numbered.values()}, shown=20),
    )
