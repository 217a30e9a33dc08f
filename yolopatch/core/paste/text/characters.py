"""Characters that web pages put into code: other spaces, quotes, dashes and brackets, and HTML's signs."""

from __future__ import annotations

import re

from yolopatch.core.foreign_signs import MEANT
from yolopatch.core.paste.text.lexing import TOKEN, change_code, spans

# a string or comment, or else what a text editor made of " and ': a pair of such quotes on one line is a string
_QUOTED = re.compile(
    TOKEN.pattern
    + r"""
    | [\u201c\u201d\u201e\uff02] (?P<double> [^\u201c\u201d\u201e\uff02"\n]* ) [\u201c\u201d\u201e\uff02]
    | [\u2018\u2019\u201a\uff07] (?P<single> [^\u2018\u2019\u201a\uff07'\n]* ) [\u2018\u2019\u201a\uff07]""",
    TOKEN.flags,
)
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'", "nbsp": " "}
_ENTITY = re.compile(r"&(?:(lt|gt|amp|quot|apos|nbsp)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));")


def with_plain_characters(text: str) -> str:
    """Return the text with the characters that Python means, outside of strings and comments."""
    return change_code(_QUOTED.sub(_plainly_quoted, text), lambda code: code.translate(MEANT))


def _plainly_quoted(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return f'"{match["double"]}"'
    return match[0] if match["single"] is None else f"'{match['single']}'"


def without_entities(text: str) -> str:
    """Return the text with HTML's signs (`&lt;`) as the characters that they stand for; what was written twice, too."""
    plain = _ENTITY.sub(_character, text)
    return plain if not has_entities(plain) else _ENTITY.sub(_character, plain)


def has_entities(text: str) -> bool:
    """Tell whether the code has signs of HTML; `a &lt; b` on a line is Python, too, and means something else."""
    return any(one.is_code and _ENTITY.search(text, one.start, one.end) for one in spans(text))


def _character(match: re.Match[str]) -> str:
    name, decimal, hexadecimal = match.groups()
    if name:
        return _ENTITIES[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else match[0]
