"""Inputs for parsers: real ones with a few changes, of bytes and lines and of the values of JSON.

Made by hand and not by hypothesis, whose choices can be shrunk, but take a hundred times as long as most parsers do.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

# Gives an input, by the random numbers that it gets.
Inputs = Callable[[random.Random], bytes]

_MOST_CHANGES = 6
_LONGEST_PART = 40
# What has broken parsers before: ends of ranges, control characters, brackets without an end, words with a meaning.
_TOKENS = (
    *(b"", b"\0", b"\n", b"\r", b"\t", b" ", b"\\", b'"', b"'", b"\x1b[2J", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xa8"),
    *(b"0", b"-1", b"9" * 25, b"1e999", b"nan", b"-inf", b"1_0", b"0x", b"true", b"null", b"None", b"NaN", b"~"),
    *(b"(", b")", b"[", b"]", b"{", b"}", b"((((((((", b"[[[[[[[[", b"{{", b"&a [*a]", b"*a", b"<<: ", b"!!python/x "),
    *(b"../", b"/", b"--", b"-", b"+", b"@@ -1,1 +1,1 @@\n", b"--- ", b"+++ ", b"diff --git ", b": ", b"- ", b"#"),
    *(
        b"class A(nn.Module):\n",
        b"lambda: ",
        b"if x:\n",
        b" for x in y",
        b"*",
        b"**",
        b"@",
        b":=",
        b"f'{",
        b"\xef\xbb\xbf",
    ),
    *(
        b"R",
        b"b",
        b"\x81",
        b"\x85",
        b"\x86",
        b"q\x01",
        b"h\x01",
        b"(",
        b"t",
        b"c__builtin__\neval\n",
        b"Q",
        b".",
        b"\x94",
    ),
)
_NUMBERS = (b"-1", b"0", b"7", b"65536", b"4294967295", b"9" * 30)
_DIGITS = re.compile(rb"\d+")
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**63, 10**40, 0.5, -0.0, 1e308, "", "x", "-x", "--upload-pack=x", "../x", "a\nb"),
    *("\0", "\ud800", "x" * 2000, "__import__('os')", "A B", "a/b", [], {}, [[]], {"": None}, [None], {"a": {"b": []}}),
)


def mutated(corpus: Sequence[bytes]) -> Inputs:
    """Return what gives an input of the corpus after some changes."""

    def give(chance: random.Random) -> bytes:
        data = chance.choice(corpus)
        for _ in range(chance.randint(0, _MOST_CHANGES)):
            data = chance.choice(_CHANGES)(chance, data, corpus)
        return data

    return give


def _part(chance: random.Random, data: bytes) -> tuple[int, int]:
    at = chance.randint(0, len(data))
    return at, at + chance.randint(0, _LONGEST_PART)


def _token(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    at, _ = _part(chance, data)
    return data[:at] + chance.choice(_TOKENS) + data[at:]


def _cut(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    at, end = _part(chance, data)
    return data[:at] + data[end:]


def _repeat(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    at, end = _part(chance, data)
    return data[:at] + data[at:end] * chance.choice((2, 3, 50, 500)) + data[end:]


def _flip(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    at, _ = _part(chance, data)
    return data[:at] + chance.randbytes(chance.randint(1, 3)) + data[at + 1 :]


def _move_line(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    at = chance.randint(0, len(lines))
    return b"".join([*lines[:at], chance.choice(lines), *lines[at:]])


def _splice(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    other = chance.choice(corpus)
    (at, _), (start, end) = _part(chance, data), _part(chance, other)
    return data[:at] + other[start : end * 4] + data[at:]


def _end(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    return data[: chance.randint(0, len(data))]


def _number(chance: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    found = list(_DIGITS.finditer(data))
    if not found:
        return data
    at = chance.choice(found)
    return data[: at.start()] + chance.choice(_NUMBERS) + data[at.end() :]


_CHANGES = (_token, _token, _cut, _repeat, _flip, _move_line, _splice, _end, _number)


def mutated_json(corpus: Sequence[bytes]) -> Inputs:
    """Return what gives a JSON text of the corpus with other values at some places, sometimes broken as a text, too."""

    def give(chance: random.Random) -> bytes:
        value = json.loads(chance.choice(corpus))
        for _ in range(chance.randint(1, _MOST_CHANGES)):
            value = _with_other_value(chance, value)
        data = json.dumps(value).encode("utf-8", "surrogatepass")
        return chance.choice(_CHANGES)(chance, data, corpus) if chance.random() < 0.1 else data

    return give


def _with_other_value(chance: random.Random, value: Any) -> Any:
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not keys or chance.random() < 0.15:
        return chance.choice(_VALUES)
    key = chance.choice(keys)
    changed = dict(value) if isinstance(value, dict) else list(value)
    how = chance.random()
    if how < 0.15:
        del changed[key]
    elif how < 0.3 and isinstance(changed, dict):
        changed[chance.choice(("", "x", "home", "__class__", "name"))] = chance.choice(_VALUES)
    else:
        changed[key] = _with_other_value(chance, value[key])
    return changed


def shrunk(data: bytes, is_bad: Callable[[bytes], bool], most: int = 2000) -> bytes:
    """Return a smaller input that is bad in the same way: parts are left out as long as it stays so."""
    size, tries = len(data) // 2, 0
    while size and tries < most:
        at = 0
        while at < len(data) and tries < most:
            smaller = data[:at] + data[at + size :]
            tries += 1
            if is_bad(smaller):
                data = smaller
            else:
                at += size
        size //= 2
    return data
