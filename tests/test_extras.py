"""A package that is not there is named, with the command that installs it."""

from __future__ import annotations

import sys

import pytest

from headwater import extras
from headwater.errors import MissingExtra


def test_a_module_that_is_there_is_returned():
    assert extras.load("networkx.classes", "this").DiGraph.__name__ == "DiGraph"


def test_a_missing_package_says_who_needs_it_and_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "networkx", None)
    monkeypatch.setitem(sys.modules, "networkx.classes", None)
    with pytest.raises(
        MissingExtra, match=r"(?s)the drawing needs networkx.*pip install 'headwater\[networkx\]'"
    ):
        extras.load("networkx.classes", "the drawing")
    with pytest.raises(ImportError):
        extras.load("networkx.classes", "the drawing")


def test_a_package_that_is_there_but_lacks_one_of_its_own_says_so_itself(monkeypatch):
    """Only the optional package's absence is translated."""

    def broken(name):
        raise ModuleNotFoundError("No module named 'threads'", name="threads")

    monkeypatch.setattr(extras, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="threads"):
        extras.load("networkx.classes", "the drawing")
