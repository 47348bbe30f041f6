"""What an unquoted YAML scalar means: the core rules of YAML 1.2.

True, false, null, whole numbers (underscores allowed), decimal numbers, infinities and NaN;
everything else is text. No dates, no base 60, and no yes or no, which other readers take
for true and false: those are refused, because either reading would surprise somebody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Scalar = str | int | float | bool | None

LONGEST_NUMBER = 400
"""Digits; a number as long as this is a mistake, and reading one of millions takes hours."""

_WORDS: Mapping[str, Scalar] = {"": None, "~": None} | {
    spelling: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for spelling in (word, word.capitalize(), word.upper())
}
_AMBIGUOUS = {
    spelling for word in ("yes", "no", "on", "off") for spelling in (word, word.capitalize(), word.upper())
}
_WHOLE = re.compile(r"[-+]?[0-9][0-9_]*")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ENDLESS = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def plain_value(text: str) -> Scalar:
    """The value of an unquoted scalar.

    Raises
    ------
    ValueError
        If readers disagree on what it means, or it is a number of over 400 characters;
        its arguments are what is wrong and what to do.

    Examples
    --------
    >>> [plain_value(text) for text in ("9_000", "1e3", "~", "true", "12:30")]
    [9000, 1000.0, None, True, '12:30']
    """
    if text in _WORDS:
        return _WORDS[text]
    if text in _AMBIGUOUS:
        raise ValueError(
            f"{text} without quotes is text to some readers of YAML and true or false to others",
            f"write '{text}' in quotes if it is a name; write true or false if it is a choice",
        )
    if text[0] not in "+-.0123456789":
        return text
    number = _number(text)
    return text if number is None else number


def means_text(text: str) -> bool:
    """Whether `text` without quotes would be read back as this same text."""
    try:
        return plain_value(text) == text
    except ValueError:
        return False


def _number(text: str) -> int | float | None:
    whole, based, decimal = _WHOLE.fullmatch(text), _BASED.fullmatch(text), _DECIMAL.fullmatch(text)
    if (whole or based or decimal) and len(text) > LONGEST_NUMBER:
        raise ValueError(
            f"a number of {len(text):,} characters, {text[:12]}...",
            "no count is that long: shorten it, or put it in quotes if it is a name",
        )
    if whole:
        return int(text.replace("_", ""))
    if based:
        return int(text, 0)
    if decimal:
        return float(text.replace("_", ""))
    return float(text.replace(".", "")) if _ENDLESS.fullmatch(text) else None
