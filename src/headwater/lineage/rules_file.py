"""The file of rules: YAML, every key of which may be left out.

.. code-block:: yaml

    records:                    # what to read, if the command line does not say
      - {format: ecosystem-graphs, path: ecosystem-graphs}
      - {format: data-provenance, path: data_summaries}
    kinds:                      # what an asset is, where the record does not say
      - {name: "*.safetensors", kind: model}
    roles:                      # the first rule that fits a relation decides
      - from: CLIP              # the name depended on
        to: LAION-*             # the asset that depends on it
        word: dependencies      # the record's word for it
        role: filtered          # CLIP chose images, it made none: no flow
    fold:                       # which names are versions of one node
      - {match: "_g(?P<gen>[0-9]+)$", kind: model}
      - {match: "(?P<gen>[0-9]+)", in: param.iteration}
    runs:                       # what runs trained whose records name no data
      - where: {experiment: self-training}
        model: student
        generated_by: student
        samples: metric.accepted
        generation: param.iteration
    aliases:                    # a name as written, and the asset it means
      LLaMA 2: Llama 2
      PaLM 2 data: {name: PaLM 2, kind: dataset}
    placeholders: [generator]   # names of no dataset in particular
    applications: loops         # loops, all or none
    unresolved: source          # source or external
    overwrites: generations     # generations or one
    siblings: apart             # apart or together
    prompts: nothing            # nothing or data
    varying: unknown            # unknown, last, least or most
    unsplit: unknown            # unknown or even
    sources: fresh              # fresh or fixed

``from``, ``to`` and ``word`` are shell patterns, and all but one may be left out. The roles
``generated``, ``labelled``, ``translated``, ``derived`` and ``trained-on`` put data into training and make
flows; ``filtered``, ``judged``, ``initialised``, ``evaluated-on`` and ``drop`` make none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml

from headwater.errors import InputError, nearest
from headwater.lineage import rules as told
from headwater.lineage.facts import Kind, Place
from headwater.lineage.reading import marked_yaml
from headwater.lineage.rules import MEANINGS, Alias, FoldRule, KindRule, Record, RoleRule, Rules, RunRule

_Text = TypeVar("_Text", bound=str)

_KINDS: tuple[Kind, ...] = get_args(Kind)
_CHOICES: dict[str, tuple[str, ...]] = {
    "applications": get_args(told.Applications),
    "unresolved": get_args(told.Unresolved),
    "overwrites": get_args(told.Overwrites),
    "siblings": get_args(told.Siblings),
    "prompts": get_args(told.Prompts),
    "varying": get_args(told.Varying),
    "unsplit": get_args(told.Unsplit),
    "sources": get_args(told.Sampling),
}
LONGEST_MATCH = 200
_NESTED_REPEAT = re.compile(r"[+*}][^()]*\)[+*{]")


def read_rules(path: str | Path) -> Rules:
    """The rules in a file.

    Raises
    ------
    InputError
        If the file cannot be read or says something that is no rule; names the line.
    """
    root = marked_yaml.load(Path(path))
    if root is None or marked_yaml.is_null(root):
        return Rules()
    return _Reader(str(path)).rules(root)


@dataclass(frozen=True)
class _Reader:
    """Reads the nodes of one file; `shown` is what errors call it."""

    shown: str

    def rules(self, root: yaml.Node) -> Rules:
        lists: dict[str, Callable[[yaml.Node], Any]] = {
            "records": self.record,
            "kinds": self.kind_rule,
            "roles": self.role_rule,
            "fold": self.fold_rule,
            "runs": self.run_rule,
        }
        known = (*lists, "aliases", "placeholders", *_CHOICES)
        parts = self.mapping(root, known, "a rules file")
        given: dict[str, Any] = {
            name: tuple(read(item) for item in self.items(parts[name], name))
            for name, read in lists.items()
            if name in parts
        }
        if "aliases" in parts:
            given["aliases"] = dict(self.aliases(parts["aliases"]))
        if "placeholders" in parts:
            items = self.items(parts["placeholders"], "placeholders")
            given["placeholders"] = tuple(self.name(item, "a placeholder") for item in items)
        for name, choices in _CHOICES.items():
            if name in parts:
                given[name] = self.choice(parts[name], choices, name)
        return Rules(**given)

    def record(self, node: yaml.Node) -> Record:
        parts = self.parts(node, ("format", "path"), "a record", ("format", "path"))
        format_, path = (self.name(parts[key], key) for key in ("format", "path"))
        return Record(format_, path, self.place(node))

    def kind_rule(self, node: yaml.Node) -> KindRule:
        parts = self.parts(node, ("name", "kind"), "a kind rule", ("name", "kind"))
        kind: Kind = self.choice(parts["kind"], _KINDS, "kind")
        return KindRule(self.name(parts["name"], "name"), kind, self.place(node))

    def role_rule(self, node: yaml.Node) -> RoleRule:
        patterns = ("from", "to", "word")
        parts = self.parts(node, (*patterns, "role"), "a role rule", ("role",))
        if not parts.keys() & set(patterns):
            raise self.error(
                "a role rule without from, to and word would fit every dependency",
                "name at least one of them; '*' stands for any name",
                node,
            )
        from_, to, word = (self.name(parts[key], key) if key in parts else "*" for key in patterns)
        return RoleRule(from_, to, self.choice(parts["role"], MEANINGS, "role"), self.place(node), word)

    def fold_rule(self, node: yaml.Node) -> FoldRule:
        parts = self.parts(node, ("match", "in", "kind"), "a fold rule", ("match",))
        text = self.name(parts["in"], "in") if "in" in parts else "name"
        kind = self.choice(parts["kind"], _KINDS, "kind") if "kind" in parts else None
        return FoldRule(self.pattern(parts["match"]), text, kind, self.place(node))

    def run_rule(self, node: yaml.Node) -> RunRule:
        texts = ("model", "generation", "generated_by", "trained_on", "samples")
        parts = self.parts(node, ("where", *texts), "a run rule", ("where", "model", "generation"))
        where = {
            label: self.name(value, label)
            for label, value in self.mapping(parts["where"], None, "where").items()
        }
        given = {key: self.name(parts[key], key) for key in texts if key in parts}
        return RunRule(where=where, place=self.place(node), **given)

    def aliases(self, node: yaml.Node) -> Iterator[tuple[str, Alias]]:
        for written, target in self.mapping(node, None, "aliases").items():
            place = self.place(target)
            if isinstance(target, yaml.MappingNode):
                parts = self.mapping(target, ("name", "kind"), f"the alias {written!r}")
                if "name" not in parts:
                    raise self.error(
                        f"the alias {written!r} has no name", "write {name: ..., kind: dataset}", target
                    )
                kind = self.choice(parts["kind"], _KINDS, "kind") if "kind" in parts else None
                yield written, Alias(self.name(parts["name"], "name"), kind, place)
            else:
                yield written, Alias(self.name(target, f"the alias {written!r}"), None, place)

    def pattern(self, node: yaml.Node) -> re.Pattern[str]:
        text = self.name(node, "match")
        if len(text) > LONGEST_MATCH or _NESTED_REPEAT.search(text):
            raise self.error(
                f"the pattern {text[:60]!r} is too long or repeats a repetition, which may take for ever",
                r"write a simple one, such as _g(?P<gen>\d+)$",
                node,
            )
        try:
            made = re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            raise self.error(
                f"the pattern {text!r} is no regular expression: {error}", "correct it", node
            ) from None
        if "gen" not in made.groupindex:
            raise self.error(
                f"the pattern {text!r} has no group gen", r"write the digits as (?P<gen>\d+)", node
            )
        return made

    # -- nodes ----------------------------------------------------------------------------------

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(f"{what} are {marked_yaml.kind(node)}, not a list", "begin each with '- '", node)
        return list(marked_yaml.items(node))

    def parts(
        self, node: yaml.Node, known: tuple[str, ...], what: str, needed: tuple[str, ...]
    ) -> dict[str, yaml.Node]:
        parts = self.mapping(node, known, what)
        for key in needed:
            if key not in parts:
                more = f"roles: {', '.join(MEANINGS)}" if key == "role" else f"it needs {', '.join(needed)}"
                raise self.error(f"{what} has no {key}", more, node)
        return parts

    def mapping(self, node: yaml.Node, known: tuple[str, ...] | None, what: str) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            keys = ", ".join(f"{key}: ..." for key in known or ("NAME",))
            raise self.error(f"{what} is {marked_yaml.kind(node)}, not a mapping", f"write {{{keys}}}", node)
        parts, twice = marked_yaml.fields(node)
        if twice:
            raise self.error(f"{twice[0].value!r} is written twice in {what}", "remove one of them", twice[0])
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.error(f"a key of {what} is {marked_yaml.kind(key)}, not a name", "write text", key)
            if known is not None and key.value not in known:
                raise self.error(f"{what} has no {key.value!r}", nearest(key.value, known, shown=20), key)
        return parts

    def choice(self, node: yaml.Node, known: tuple[_Text, ...], what: str) -> _Text:
        for value in known:
            if marked_yaml.text(node) == value:
                return value
        written = marked_yaml.text(node) or ""
        raise self.error(f"{what} is {marked_yaml.kind(node)}", nearest(written, known, shown=10), node)

    def name(self, node: yaml.Node, what: str) -> str:
        text = marked_yaml.text(node)
        if text is None:
            raise self.error(
                f"{what} is {marked_yaml.kind(node)}, not a name", "write text, in quotes if need be", node
            )
        return text

    def place(self, node: yaml.Node) -> Place:
        return Place(self.shown, marked_yaml.line(node))

    def error(self, problem: str, remedy: str, node: yaml.Node) -> InputError:
        return InputError(problem, remedy, self.shown, marked_yaml.line(node))
