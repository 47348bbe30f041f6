"""A check on a terminal and for a scrape: what is shown, how it is cut, what cannot steer a terminal."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from headwater.diagnosis.inspecting import inspect
from headwater.diagnosis.inspection import Context
from headwater.measures import registry
from headwater.monitoring.monitor import Monitor
from headwater.report.inspection import as_text
from headwater.report.prometheus import as_prometheus
from headwater.samples.values import Sample

EVIL = 'a"b\\c\nd\x1b[2J\u202e\x00\r'


@pytest.fixture(scope="module")
def found():
    """A model with a hostile name that fades, and one that does not; two metrics."""
    rng = np.random.default_rng(1)
    monitor = Monitor(rng.normal(size=(4_000, 2)))
    samples = {}
    for generation in range(3):
        samples[EVIL, generation] = Sample.of(0.6**generation * rng.normal(size=(3_000, 2)))
        samples["well", generation] = Sample.of(rng.normal(size=(3_000, 2)))
    metrics = {name: registry.make(name) for name in ("variance-ratio", "tail-mass")}
    return inspect(samples, monitor, context=Context(metrics=metrics))


def test_the_worst_model_comes_first_and_names_are_made_plain(found):
    page = as_text(found, 110)
    assert page.index("stage late") < page.index("well, generation 2")
    assert not set("\x1b\u202e\x00\r") & set(page)
    assert "variance-ratio" in page


@pytest.mark.parametrize("width", [40, 80, 110, 200])
def test_no_line_is_wider_than_the_terminal(found, width):
    assert max(map(len, as_text(found, width).splitlines())) <= width


def test_every_line_of_a_scrape_is_one_metric_with_escaped_labels(found):
    """By the grammar of the exposition format: name, labels in quotes, a number."""
    page = as_prometheus(found)
    line = re.compile(
        r'[a-z_]+\{[a-z]+="(\\.|[^"\\\n])*"(,[a-z]+="(\\.|[^"\\\n])*")*\} (NaN|[+-]Inf|-?[\d.e+-]+)'
    )
    lines = [each for each in page.splitlines() if not each.startswith("#")]
    assert all(line.fullmatch(each) for each in lines)
    assert 'model="a\\"b\\\\c\\nd\\\\x1b[2J\\\\u202e\\\\x00\\\\r"' in page
    assert all(each.isprintable() for each in page.split("\n"))


def test_a_scrape_has_the_numbers_of_the_newest_generation(found):
    values = dict(each.rsplit(" ", 1) for each in as_prometheus(found).splitlines() if each[0] != "#")
    assert values['headwater_generation{model="well"}'] == "2.0"
    assert values['headwater_alarms{model="well"}'] == "0.0"
    ratio = float(values['headwater_metric{model="well",metric="variance-ratio"}'])
    assert ratio == pytest.approx(1, abs=0.2)
    assert math.isnan(float(values['headwater_definition_holds{model="well",definition="scaling_law"}']))
