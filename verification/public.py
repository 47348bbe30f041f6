"""The page on public data: one benchmark a data set, as Markdown.

``python -m verification.public diabetes breast_cancer digits file.csv:target ...``; each result is
kept (``--results``) as it comes, so that a run that is stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headwater.files import write_bytes
from headwater.verification.datasets import load
from headwater.verification.document import to_dict
from headwater.verification.public import benchmark

SEED = 20_260_521

HEAD = """# Does theory predict the threshold on public data?

For every data set below, a lone loop was trained on real rows with their real labels and on its own
output, at several real shares. What is called *observed* comes from those runs. Predictions know the
budget, the real share and the number of coefficients, and nothing else of the data.
`headwater verify --benchmark NAME --seed 7` repeats one of them with other draws on any machine:
`diabetes`, `breast_cancer` and `digits` come with scikit-learn, and a CSV, Parquet or text file of your
own works the same way. Here: 1,000 replicates a point (rare items: 50, texts 20); `--seed 20260521`
draws these very points again.

How to read it: inflation is the risk after {generations} generations over that of generation 0.
*Predicted* is the law (least squares: exact for normal covariates and the noise the model assumes;
Gaussian: exact; logistic: large samples). *Two noises* is the law with one number measured on the
data: ρ, the risk of a fit on labels of the true model over that of a fit on real ones, at the budget.
*Observed* is read off simulated points; ± is one standard error of the points it lies between, and
leaves out that of drawing a curve through them. Classes and binary targets are on the leading 10 and 3
principal components. The page was made by
`python -m verification.public` from copies of the files (UCI sets by their usual names; MNIST and
WikiText-2: the test part, and the test and validation parts).
"""


def main() -> None:
    """Run what is missing, then write the page."""
    parser = argparse.ArgumentParser(prog="python -m verification.public", description=__doc__)
    parser.add_argument("data", nargs="+", help="a bundled name, or PATH:TARGET, or the path of a text")
    parser.add_argument("--output", type=Path, default=Path("docs/public-data.md"))
    parser.add_argument("--results", type=Path, default=Path("build/public-data.json"))
    parser.add_argument("--replicates", type=int, default=1000)
    given = parser.parse_args()
    given.results.parent.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Any] = json.loads(given.results.read_text()) if given.results.exists() else {}
    for each in given.data:
        path, _, target = each.partition(":")
        data = load(path, target or None)
        name = data.name.partition(".")[0]
        if name in kept:
            continue
        started = time.perf_counter()
        kept[name] = to_dict(benchmark(data, seed=SEED, replicates=given.replicates)) | {"data": name}
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
        write_bytes(given.results, (json.dumps(kept, indent=1, ensure_ascii=False) + "\n").encode())
    write_bytes(given.output, "\n".join(page(list(kept.values()))).encode())


def page(found: list[dict[str, Any]]) -> Iterator[str]:
    """The page, line by line."""
    yield HEAD.format(generations=found[0]["generations"])
    yield "## The real share at which inflation comes down to 2 and to 1.5\n"
    yield "| data | rows × covariates | family | ρ | budget | inflation | predicted | two noises | observed |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for each in found:
        for at in each["thresholds"]:
            size = f"{each['rows']:,} × {each['covariates']}"
            what = f"{each['data']} | {size} | {each['family']['family']} | {at['noise_ratio']:.2f}"
            shares = f"{_share(at['predicted'])} | {_share(at['two_noise'])}"
            yield (
                f"| {what} | {at['budget']} | {at['inflation']:g} | {shares} | "
                f"{_with_error(at['observed'], at['standard_error'], 3)} |"
            )
    yield from _tally([at | {"data": each["data"]} for each in found for at in each["thresholds"]])
    yield "\n## Near as many features as samples\n"
    yield (
        "Grounded loops, the largest that the law predicts to explode. It gives the factor of the *mean*\n"
        "a generation for normal covariates, above 1 being an explosion. Means of such runs are carried by\n"
        "few of them, so the factors of the median are compared, on normal covariates and on the real rows.\n"
    )
    yield "| data | p | samples | real | mean, law | median, normal | median, real rows | singular fits |"
    yield "|---|---|---|---|---|---|---|---|"
    for each in found:
        if near := each["near_features"]:
            yield (
                f"| {each['data']} | {near['features']} | {near['budget']} | {near['real']} | "
                f"{near['growth_predicted']:.3f} | {_number(near['median_growth_normal'])} | "
                f"{_number(near['median_growth_real'])} | {near['singular_fits']:.2%} |"
            )
    yield "\n## Rare items: the tail sample against the count of distinct ones\n"
    yield (
        "Items are words of a text, or occupied cells of a histogram of a table. After the last generation;\n"
        "*tail sample* A is predicted, and so is the number of distinct items from it, Σ(1 − exp(−p A)).\n"
    )
    yield (
        "| data | distinct at generation 0 | samples | real share | tail sample | "
        "distinct, predicted | observed | diversity, predicted | observed |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for each in found:
        for at in each["survival"]:
            yield _survival_row(each["data"], at, -1, f"{at['real'] / at['budget']:.2f}")
    for each in found:
        if each["kind"] == "text":
            yield from _by_generation(each)
    yield from _relabelling(found)


def _tally(thresholds: list[dict[str, Any]]) -> Iterator[str]:
    """How far predictions are off, in shares and in standard errors, and which are further than chance."""
    seen = [at for at in thresholds if at["observed"] is not None and at["predicted"] is not None]
    yield (f"\nOf {len(thresholds)} thresholds, {len(seen)} lie among the shares played and are predicted:\n")
    for key, name in (("predicted", "the law"), ("two_noise", "two noises")):
        known = [at for at in seen if at[key] is not None]
        gaps = sorted(abs(at[key] - at["observed"]) for at in known)
        near = sum(abs(at[key] - at["observed"]) <= 2 * at["standard_error"] for at in known)
        yield (
            f"- *{name}*: off by {statistics.median(gaps):.3f} in the median, {gaps[-1]:.3f} at most; "
            f"{near} of {len(known)} within two standard errors."
        )
    far = [
        at
        for at in seen
        if at["two_noise"] is None or abs(at["two_noise"] - at["observed"]) > 4 * at["standard_error"]
    ]
    listed = ", ".join(f"{at['data']} at budget {at['budget']} ({at['inflation']:g})" for at in far)
    yield (
        f"\nFurther than four standard errors from two noises: {listed or 'none'}.\n"
        "Two things take real data away from the laws: a few rows with extreme covariates, which carry\n"
        "the risk of large samples and are missing from small ones, so that one ratio does not describe\n"
        "the noise; and labels that are separable in small samples, whose fits are stopped and not maximum\n"
        "likelihood. A budget of less than a hundred samples a coefficient can show either."
    )


def _survival_row(name: str, at: dict[str, Any], generation: int, shown: str) -> str:
    distinct, diversity = at["distinct"], at["diversity_retained"]
    return (
        f"| {name} | {distinct['predicted'][0]:,.0f} | {at['budget']:,} | {shown} | "
        f"{at['tail_sample'][generation]:,.0f} | {distinct['predicted'][generation]:,.1f} | "
        f"{_with_error(distinct['simulated'][generation], distinct['standard_error'][generation], 1)} | "
        f"{diversity['predicted'][generation]:.4f} | "
        f"{_with_error(diversity['simulated'][generation], diversity['standard_error'][generation], 4)} |"
    )


def _by_generation(each: dict[str, Any]) -> Iterator[str]:
    closed = each["survival"][0]
    yield f"\n### {each['data']}: words without real data, generation by generation\n"
    yield "| generation | tail sample | distinct, predicted | observed |"
    yield "|---|---|---|---|"
    distinct = closed["distinct"]
    for at, tail in enumerate(closed["tail_sample"]):
        seen = _with_error(distinct["simulated"][at], distinct["standard_error"][at], 1)
        yield f"| {at} | {tail:,.0f} | {distinct['predicted'][at]:,.1f} | {seen} |"


def _relabelling(found: list[dict[str, Any]]) -> Iterator[str]:
    yield "\n## Labels drawn anew on the same rows, as published\n"
    yield (
        "Logistic regression on a published split [dey2024universality]: test log-loss. The published first\n"
        "value is where scikit-learn's default optimiser stops, and is reproduced with it; the\n"
        "maximum-likelihood value is another.\n"
    )
    yield "| data | fit | published | here |"
    yield "|---|---|---|---|"
    for each in found:
        if not (again := each["relabelling"]):
            continue
        published, exact = again["published"], again["maximum_likelihood"]
        yield f"| {each['data']} | 1, default optimiser | {published['first']} | {again['first']:.7f} |"
        shown = "none: the labels are separable" if exact is None else f"{exact:.7f}"
        yield f"| {each['data']} | 1, maximum likelihood | – | {shown} |"
        for how in ("discard", "augment"):
            last = sorted(row[-1] for row in again[how])
            ours = f"{last[len(last) // 2]:.4f} ({last[0]:.3f} to {last[-1]:.3f})" if last else "not played"
            yield f"| {each['data']} | 50, {how} | {published[how]} | {ours} |"
    yield ""


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _with_error(value: float | None, error: float | None, digits: int) -> str:
    if value is None:
        return "–"
    return f"{value:,.{digits}f}" + ("" if error is None else f" ± {error:,.{digits}f}")


if __name__ == "__main__":
    main()
