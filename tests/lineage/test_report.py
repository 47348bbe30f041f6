"""The text of a report is short, on one line a thing, and safe to print."""

from __future__ import annotations

from headwater.lineage import to_graph
from headwater.lineage.wording import printable


def test_long_lists_are_cut_with_a_count(facts):
    _, report = to_graph(facts("\n".join(f"dataset D{at} <- D{at}" for at in range(20))))
    assert "Left out (20):" in str(report)
    assert "  ... and 14 more; --report lists all" in str(report)
    assert len(report.to_dict()["issues"]) == 20


def test_long_chains_are_cut_in_the_middle(facts):
    _, report = to_graph(facts("\n".join(f"dataset D{at + 1} <- D{at}" for at in range(30))))
    assert report.deepest.length == 30
    assert "D0 -> D1 -> D2 -> D3 -> D4 -> D5 -> ... 19 more ... -> D25 -> D26" in str(report)


def test_names_cannot_steer_the_terminal(folder):
    from headwater.lineage.formats.ecosystem_graphs import read

    _, report = to_graph(read(folder(a='- {type: model, name: A, dependencies: ["\\e[2J\\nx"]}')))
    assert "\x1b" not in str(report)
    assert "\\x1b[2J\\nx" in str(report)


def test_printable_keeps_every_script():
    assert printable("DALL·E 3 悟道") == "DALL·E 3 悟道"
    assert printable("a\u202eb\n") == "a\\u202eb\\n"
