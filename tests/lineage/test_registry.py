"""Importers are found by name and loaded when used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from headwater.errors import HeadwaterError, InputError
from headwater.lineage import importer, importers, registry


def test_every_importer_can_be_loaded():
    for name in importers():
        assert callable(importer(name))


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'ecosystem-graphs'"):
        importer("ecosystem-graph")


@pytest.mark.parametrize("target", ["headwater.nowhere:read", "headwater.errors:nothing"])
def test_an_importer_that_is_promised_and_missing_is_one_error(monkeypatch, target):
    monkeypatch.setitem(registry.IMPORTERS, "broken", target)
    with pytest.raises(HeadwaterError, match="the importer 'broken' cannot be loaded"):
        importer("broken")


def test_no_reader_is_loaded_before_it_is_used():
    code = (
        "import sys, headwater.lineage; sys.exit('headwater.lineage.formats.ecosystem_graphs' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
