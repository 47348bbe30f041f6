"""What a person sees: the table, its order and width, and the sentences."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

from headwater.diagnosis import diagnose
from headwater.pipeline import Pipeline, read_pipeline
from headwater.regimes import Accumulate
from headwater.report.terminal import BARS, as_text, sparkline
from headwater.theory.laws import LeastSquares, bernoulli
from tests.diagnosis.gallery import GRAPHS, flows, lone, many_loops, mixed, spoiled
from tests.oracles import recursions

EXAMPLE = Path(__file__).resolve().parents[1] / "diagnosis" / "example.yaml"
VERDICTS = ("collapses", "degrades", "bounded", "stable", "improves")


@pytest.fixture(scope="module")
def example():
    """The diagnosis of the example that ships."""
    return diagnose(read_pipeline(EXAMPLE))


def said(diagnosis) -> str:
    """The page as one line, so that a sentence is found wherever it is broken."""
    return " ".join(as_text(diagnosis).split())


def rows(diagnosis, width=140) -> list[str]:
    """Lines of the table below its header."""
    lines = as_text(diagnosis, width).split("\n")
    start = next(at for at, line in enumerate(lines) if line.startswith("model "))
    end = next(at for at in range(start, len(lines)) if not lines[at] or lines[at].startswith("×"))
    return lines[start + 1 : end]


# -- the example ------------------------------------------------------------------------------------


def test_the_table_of_the_example(example):
    """A snapshot of all but the bars; the numbers are worked out below."""
    table = [re.sub(f"[{BARS}]+", "~", line).split() for line in rows(example)]
    assert [line[: line.index("~") + 3] for line in table] == [
        ["summariser", "collapses", "~", "×21.00", "∞"],
        ["tagger", "collapses", "~", "×21.00", "∞"],
        ["reporter", "collapses", "~", "×8.50", "∞"],
        ["student", "degrades", "~", "×3.48", "×3.50"],
        ["teacher", "degrades", "~", "×3.40", "×3.42"],
        ["judge", "(frozen)", "stable", "~", "×1.00", "×1.00"],
    ]


def test_the_numbers_of_the_example(example):
    """The loop: 1 + 20. The reporter: .25 of 20/4000 and 1/6000, over 1/6000. The rest: the naive twin."""
    reporter = (0.25 * 20 / 4000 + 1 / 6000) * 6000
    assert reporter == pytest.approx(8.5)
    expected, _ = recursions.moments(example.graph, recursions.Asymptotic(), example.regime, 20)
    risk = np.diagonal(expected, axis1=1, axis2=2)
    for name, shown in (("student", "3.48"), ("teacher", "3.40"), ("judge", "1.00")):
        at = example.graph.index_of(name)
        assert f"{risk[20, at] / risk[0, at]:.2f}" == shown


def test_the_example_is_told_in_sentences(example):
    """Which loop, whom it takes along, whom to feed, and what holds the other loop."""
    text = said(example)
    assert text.startswith("support-ticket distillation: collapses (3 collapse, 2 degrade, 1 stable)")
    assert "'summariser' and 'tagger' learn only from each other" in text
    assert "It takes 'reporter' with it." in text
    assert "One flow of real data into 'summariser' stops the collapse" in text
    assert "'teacher' and 'student' learn from each other" in text
    assert "'tickets' and 'judge'" in text


def test_printing_a_diagnosis_is_the_page(example):
    """`print(headwater.diagnose(graph))`."""
    assert str(example) == as_text(example)


# -- shape ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(example, width):
    """Wide letters and names of 300 letters included, and nothing hangs over as a blank."""
    pages = [
        example,
        *(diagnose(graph, generations=4) for graph in GRAPHS.values()),
        diagnose(many_loops(9, 30)),
    ]
    for diagnosis in pages:
        for line in as_text(diagnosis, width).split("\n"):
            assert cell_len(line) <= width, line
            assert line == line.rstrip()


def test_a_narrow_terminal_keeps_name_verdict_and_size(example):
    """The least important columns go first."""
    lines = as_text(example, 60).split("\n")
    header = next(line for line in lines if line.startswith("model"))
    assert {"model", "verdict", "after", "limit"} <= set(header.split())


def test_many_models_are_summarised():
    """Twenty rows and a count, a few sentences and a count: 500 models fit on two screens."""
    diagnosis = diagnose(many_loops(100, 400), generations=2)
    lines = as_text(diagnosis, 100).split("\n")
    assert len(rows(diagnosis)) <= 21
    assert any(line.startswith("... and 480 more") for line in lines)
    page = " ".join(" ".join(lines).split())
    assert "and 95 more learn each only from itself" in page
    assert "and 95 more stops its collapse" in page
    assert "(100 collapse, 400 stable)" in lines[0]
    assert len(lines) < 70


def test_the_worst_come_first():
    """By verdict, then by how much risk grows."""
    graph = flows(
        ("web", "fine", 100),
        ("web", "mild", 70),
        ("mild", "mild", 30),
        ("web", "bad", 20),
        ("bad", "bad", 80),
        ("closed", "closed", 50),
        ("web", "unsaid"),
        ("unsaid", "unsaid", 5),
    )
    diagnosis = diagnose(graph)
    named = [line.split()[0] for line in rows(diagnosis)]
    assert named == ["closed", "bad", "mild", "unsaid", "fine"]
    ranks = [VERDICTS.index(line.split()[1]) for line in rows(diagnosis)]
    assert ranks == sorted(ranks)


def test_names_are_no_markup():
    """Brackets are letters."""
    text = as_text(diagnose(GRAPHS["names"]))
    assert "[bold red]x[/]" in text


def test_names_cannot_steer_the_terminal():
    """An escape in a name is data: it is shown, not sent."""
    graph = flows(("web", "a\x1b[2Jb", 5))
    assert "\x1b" not in as_text(diagnose(Pipeline(graph, name="red \x1b[31m")))


# -- sentences -------------------------------------------------------------------------------------------


def test_a_lone_loop_is_told_so():
    """In the singular."""
    text = said(diagnose(lone()))
    assert "'a' learns only from itself" in text
    assert "into 'a'" in text


def test_one_model_is_no_models():
    """Numbers agree with their nouns."""
    assert "1 model, 1 source, 2 flows" in said(diagnose(mixed(5, 5)))


def test_a_count_that_is_missing_is_named():
    """With the way out."""
    text = said(diagnose(GRAPHS["unknown counts"]))
    assert "flow 'a' -> 'b'" in text
    assert "flow 'web' -> 'c'" in text
    assert "--assume samples=1000" in text


def test_a_stand_in_is_named_among_assumptions():
    """And nothing is missing any more."""
    text = said(diagnose(GRAPHS["unknown counts"], assume_samples=1234))
    assert "1,234" in text.partition("Assumed")[2]
    assert "--assume" not in text


def test_an_archive_of_unknown_size_is_named():
    """A size is no flow's count, and --assume does not fill it: that would be no advice."""
    text = said(diagnose(GRAPHS["archive of unknown size"]))
    assert "size of source 'book'" in text
    assert "(0 of" not in text
    assert "--assume" not in text


def test_too_few_samples_are_a_cause_with_its_own_sentence():
    """Real data arrive: nobody is told to add a flow of them."""
    text = said(diagnose(mixed(5, 20), LeastSquares(20)))
    assert "too few samples" in text
    assert "41 samples" in text
    assert "learns only from itself" not in text


def test_a_ceiling_is_shown_as_a_limit():
    """A lone Bernoulli of 50 samples ends at 50 times its start, not at infinity."""
    (row, *_) = rows(diagnose(spoiled(), bernoulli(0.2)))
    assert "×50.00" in row
    assert row.split()[:2] == ["a", "collapses"]


def test_pooling_gives_no_advice_against_collapse():
    """There is none."""
    text = as_text(diagnose(spoiled(), regime=Accumulate()))
    assert "What to do" not in text


def test_no_models_are_said_to_be_none():
    """No table, no verdict to cheer at."""
    text = said(diagnose(GRAPHS["no models"]))
    assert "no models" in text
    assert "improves" not in text


# -- bars ------------------------------------------------------------------------------------------------


def test_bars_rise_with_inflation():
    """Flat where nothing happens; up where it grows; down where it improves."""
    assert len(set(sparkline([1.0] * 21, (1 / 3, 3.0)))) == 1
    for values, order in ((np.linspace(1, 21, 21), 1), (np.linspace(1, 0.1, 21), -1)):
        heights = [BARS.index(bar) for bar in sparkline(list(values), (1 / 3, max(3.0, *values)))]
        assert heights == sorted(heights)[::order]
        assert heights[0] != heights[-1]


def test_bars_survive_what_is_beyond_numbers():
    """A risk too large to be held is at the top; no data, no bars."""
    assert sparkline([1.0, 10.0, None], (1 / 3, 10.0))[-1] == BARS[-1]
    assert sparkline([], (1 / 3, 3.0)) == ""
