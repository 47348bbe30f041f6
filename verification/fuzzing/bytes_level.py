"""Spoiling a file without knowing what it is: bytes flipped, cut, inserted, repeated, spliced."""

from __future__ import annotations

from random import Random

LARGEST = 256 * 2**10
"""What repeating may make of a file."""

TOKENS = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\r",
    b"\n\n",
    b"\t",
    b"\\",
    b'"',
    b"'",
    b",",
    b"{",
    b"}",
    b"[",
    b"]",
    b": ",
    b"- ",
    b"---\n",
    b"...\n",
    b'"\\ud800"',
    b'"\\u0000"',
    b"null",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"1e-999999999",
    b"0x7fffffffffffffff",
    b"9" * 5000,
    b"[" * 3000,
    b'{"a":' * 3000,
    b"- " * 400,
    b"&a [*a]",
    b"*a",
    b"!!python/object/apply:os.system ['false']",
    b"<<: *a\n",
    b"../../../../etc/passwd",
    b"/dev/stdin",
    b"file:///etc/passwd",
    b"\xe2\x80\xa8",
    b"\xc2\x85",
    b"\xf0\x9f\x92\xa5",
)


def spoil(data: bytes, other: bytes, rng: Random) -> bytes:
    """The bytes with one change; `other` is another file, to splice from."""
    change = rng.choice((_flip, _overwrite, _cut, _drop, _insert, _splice, _repeat, _swap))
    return change(data, other, rng)


def _span(data: bytes, rng: Random, longest: int) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.randrange(1, longest + 1))


def _flip(data: bytes, other: bytes, rng: Random) -> bytes:
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 8))):
        if made:
            made[rng.randrange(len(made))] ^= 1 << rng.randrange(8)
    return bytes(made)


def _overwrite(data: bytes, other: bytes, rng: Random) -> bytes:
    token = rng.choice(TOKENS)
    at = rng.randrange(len(data) + 1)
    return data[:at] + token + data[at + len(token) :]


def _cut(data: bytes, other: bytes, rng: Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _drop(data: bytes, other: bytes, rng: Random) -> bytes:
    start, end = _span(data, rng, rng.choice((1, 8, 200)))
    return data[:start] + data[end:]


def _insert(data: bytes, other: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    token = rng.choice(TOKENS) if rng.random() < 0.8 else rng.randbytes(rng.randrange(1, 20))
    return data[:at] + token + data[at:]


def _splice(data: bytes, other: bytes, rng: Random) -> bytes:
    start, end = _span(other, rng, 2000)
    at, until = _span(data, rng, 2000)
    return data[:at] + other[start:end] + data[until if rng.random() < 0.5 else at :]


def _repeat(data: bytes, other: bytes, rng: Random) -> bytes:
    start, end = _span(data, rng, rng.choice((1, 10, 500)))
    times = min(rng.choice((1, 2, 50, 3000)), LARGEST // max(1, end - start))
    return data[:end] + data[start:end] * times + data[end:]


def _swap(data: bytes, other: bytes, rng: Random) -> bytes:
    lines = data.split(b"\n")
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"\n".join(lines)
