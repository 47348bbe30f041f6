"""Cards fetched from the hub: with a client that stands in for it, as no test goes over the network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from headwater import extras
from headwater.errors import InputError
from headwater.lineage.facts import Key
from headwater.lineage.formats.hugging_face import hub, read_hub

FILES = {
    ("model", "a/g1", "README.md"): "---\nbase_model: a/g0\ndatasets: [a/d, generator]\n---\n",
    ("model", "a/g0", "README.md"): "---\nbase_model: a/g1\ndatasets: ['../../etc', 'b/gone']\n---\n",
    ("dataset", "a/d", "README.md"): "---\nsource_datasets: [extended|b/s]\n---\n",
    ("dataset", "a/d", "pipeline.yaml"): (
        "pipeline:\n  steps:\n  - step: {llm: {model: a/g0}, type_info: {name: Magpie}}\n"
    ),
    ("dataset", "b/s", "README.md"): "---\nsize_categories: n<1K\n---\n",
}


class Hub:
    """A hub that has `FILES`, and remembers what it was asked for."""

    def __init__(self, sizes: dict[str, int] | None = None) -> None:
        self.told = sizes or {}
        self.asked: list[tuple[str, str]] = []
        self.fetched: list[tuple[str, str, str]] = []

    def sizes(self, kind: str, name: str, files: Sequence[str]) -> dict[str, int]:
        self.asked.append((kind, name))
        found = {file: len(FILES[kind, name, file]) for file in files if (kind, name, file) in FILES}
        if not found:
            raise hub.Refused("404: there is no such repository")
        return found | {file: self.told[file] for file in found if file in self.told}

    def fetch(self, kind: str, name: str, file: str, folder: Path) -> Path:
        self.fetched.append((kind, name, file))
        (folder / file).write_text(FILES[kind, name, file])
        return folder / file


def test_only_the_named_repositories_are_fetched():
    there = Hub()
    facts = read_hub(["a/g1"], client=there)
    assert there.asked == [("model", "a/g1")]
    assert facts.origin == "huggingface.co"
    assert facts.format == "hugging-face"
    assert [(r.role, r.object.name, str(r.place)) for r in facts.relations] == [
        ("initialised", "a/g0", "models/a/g1/README.md:2"),
        ("trained-on", "a/d", "models/a/g1/README.md:3"),
        ("trained-on", "generator", "models/a/g1/README.md:3"),
    ]


def test_depth_follows_weights_and_data_and_nothing_that_is_no_repository():
    there = Hub()
    facts = read_hub(["a/g1", "datasets/a/d"], depth=1, client=there)
    assert there.asked[:2] == [("model", "a/g1"), ("dataset", "a/d")]
    assert set(there.asked[2:]) == {("model", "a/g0"), ("dataset", "b/s")}
    assert [e.key for e in facts.entities] == [
        Key("dataset", "a/d"),
        Key("dataset", "b/s"),
        Key("model", "a/g0"),
        Key("model", "a/g1"),
    ]
    assert ("a/d", "generated", "a/g0") in {(r.subject.name, r.role, r.object.name) for r in facts.relations}


def test_a_loop_ends_and_what_is_gone_is_an_issue():
    there = Hub()
    facts = read_hub(["a/g1"], depth=50, client=there)
    assert len(there.asked) == len(set(there.asked)) == 5
    assert ("dataset", "b/gone") in there.asked
    assert "datasets/b/gone/README.md: was not fetched: 404" in "\n".join(map(str, facts.issues))


def test_a_large_file_is_not_fetched():
    there = Hub({"README.md": hub.LARGEST_FILE + 1})
    facts = read_hub(["a/g1"], client=there)
    assert not there.fetched
    assert "larger than 4 MiB; it was not fetched" in str(facts.issues[0])


def test_the_number_of_cards_has_a_limit():
    there = Hub()
    facts = read_hub(["a/g1"], depth=9, most=2, client=there)
    assert len(there.asked) == 2
    assert "cards were not fetched: 2 are the most" in "\n".join(map(str, facts.issues))


def test_web_addresses_are_ids_too():
    there = Hub()
    read_hub(["https://huggingface.co/datasets/a/d", "a/g1", "models/a/g1"], client=there)
    assert there.asked == [("dataset", "a/d"), ("model", "a/g1")]


@pytest.mark.parametrize(
    "text", ["../x", "a/b/c", "", "a b", "spaces/a/b", "-x", "a/..", "https://x.org/a/b"]
)
def test_what_can_be_no_repository_is_not_asked_for(text):
    with pytest.raises(InputError, match="is no model or dataset of the hub"):
        read_hub([text], client=Hub())


def test_no_repository_is_an_error():
    with pytest.raises(InputError, match="no repository is named"):
        read_hub([], client=Hub())


class Timeout(Exception):
    """As the network library of huggingface_hub raises it."""


class HfHubHTTPError(Timeout, OSError):
    """As huggingface_hub raises it."""


def test_the_package_is_asked_for_sizes_first_and_its_errors_are_reasons(monkeypatch, tmp_path):
    """The calls and results are those of huggingface_hub 0.23 to 2.4."""
    calls = []

    class Api:
        def get_paths_info(self, repo_id, paths, *, repo_type=None):
            calls.append((repo_id, paths, repo_type))
            if repo_id == "a/down":
                raise Timeout("timed out\nsee the log")
            folder = SimpleNamespace(path="pipeline.yaml")
            return [SimpleNamespace(path="README.md", size=7), folder]

        def hf_hub_download(self, repo_id, filename, *, repo_type=None, local_dir=None):
            if repo_id == "a/gone":
                raise HfHubHTTPError("404 Client Error")
            Path(local_dir, filename).write_text("---\nbase_model: x/y\n---\n")
            return str(Path(local_dir, filename))

    modules = {
        "huggingface_hub": SimpleNamespace(HfApi=Api),
        "huggingface_hub.utils": SimpleNamespace(HfHubHTTPError=HfHubHTTPError),
    }
    monkeypatch.setattr(extras, "load", lambda module, needed_by: modules[module])
    facts = read_hub(["a/m", "a/down", "a/gone"])
    assert calls[0] == ("a/m", ["README.md"], "model")
    assert [e.name for e in facts.entities] == ["a/m"]
    assert [str(issue).partition(": ")[2] for issue in facts.issues] == [
        "was not fetched: timed out",
        "was not fetched: 404 Client Error",
    ]
