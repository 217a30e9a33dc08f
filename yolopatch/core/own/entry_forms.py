"""What each field of an entry in an own catalog may be.

Anyone can write an entry, and its values become arguments of git and pip, names of files, and lines of code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from yolopatch.catalog.kinds import BLOCK_STEMS, HEAD_STEMS, KINDS
from yolopatch.catalog.model.models import MODELS
from yolopatch.catalog.module import BOX_FORMS, GIVES_LOSS, GIVES_OVERLAP
from yolopatch.core.checkpoint.stamp import printable
from yolopatch.core.paste.calls import is_plain
from yolopatch.core.syntax import parse_expression

_LONGEST = 1000  # characters of a text
_MOST = 64  # of a size: kernels, strides


class _Form(NamedTuple):
    """A check of a value, and what it must be, in words."""

    holds: Callable[[object], bool]
    words: str


def file_name_form(value: object) -> bool:
    """Return whether a value can name a file of the catalog: no path, no option."""
    return _matches(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")(value)


def check_pin_entry(entry: object) -> None:
    """Check the fields of a pin's entry.

    Raises:
        KeyError: a field is missing.
        ValueError: it has an unknown field, or the value of a field is not what it must be.
    """
    required = tuple(key for key in _PIN if key != "others")  # which the first entries did not have
    fields = _check(entry, _PIN, required)
    for key, forms in (("git", _GIT), ("wheel", _WHEEL)):
        if fields[key] is not None:
            _check(fields[key], forms, required=set(forms) - {"commit"}, within=f"{key}.")
    git = fields["git"]
    if isinstance(git, dict) and not (git["tag"] or git.get("commit")):
        raise ValueError("its git has no tag and no commit")


def check_module_entry(entry: object) -> None:
    """Check the fields of a module's entry, as `check_pin_entry` does."""
    _check(entry, _MODULE, required=("name", "source", "bare", "conv", "paper", "tutorial", "call"))


def _check(
    entry: object,
    forms: Mapping[str, _Form],
    required: Mapping[str, _Form] | tuple[str, ...] | set[str],
    within: str = "",
) -> Mapping[str, object]:
    if not isinstance(entry, dict):
        raise ValueError(f"{f'its {within[:-1]}' if within else 'it'} is not a JSON object")
    strange = sorted(set(entry) - set(forms))
    if strange:
        raise ValueError(f"it has unknown keys: {', '.join(printable(within + key) for key in strange)}")
    for key in required:
        if key not in entry:
            raise KeyError(within + key)
    for key, value in entry.items():
        if not forms[key].holds(value):
            raise ValueError(f"its {within}{key} is {printable(repr(value))}, which is not {forms[key].words}")
    return entry


def _matches(pattern: str) -> Callable[[object], bool]:
    form = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and len(value) <= _LONGEST and form.fullmatch(value) is not None


def _optional(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or holds(value)


def _listed(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, (list, tuple)) and len(value) <= _MOST and all(map(holds, value))


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value <= _LONGEST


def _is_class(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST and value.isidentifier()


def _is_line(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()


def _is_tail(value: object) -> bool:
    return _is_line(value) and re.fullmatch(r"(?:[^{}]|\{[ksp]\})*", str(value)) is not None


def _is_call(value: object) -> bool:
    call = _expression(value)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return False
    return all(map(is_plain, (*call.args, *(keyword.value for keyword in call.keywords))))


def _is_forms(value: object) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(one in BOX_FORMS for one in value)


def _is_passed(value: object) -> bool:
    return _is_line(value) and not str(value).startswith("-") and _is_call(f"called({value})")


def _is_rule(value: object) -> bool:
    """Return whether a value is a condition on the arguments, and the same in words that can stand in a string."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return False
    condition, words = _expression(value[0]), value[1]
    if not isinstance(condition, ast.Compare) or not all(map(is_plain, (condition.left, *condition.comparators))):
        return False
    return _is_line(words) and not set(words) & set("\"'\\{}")


def _is_number(value: object) -> bool:
    found = _expression(value)
    # no number of channels is negative
    return found is not None and is_plain(found) and not isinstance(found, ast.UnaryOp)


def _expression(value: object) -> ast.expr | None:
    if not _is_line(value) or "#" in str(value):
        return None
    try:
        return parse_expression(str(value))
    except SyntaxError:
        return None


_PIN = {
    "name": _Form(file_name_form, "a file name"),
    "like": _Form(file_name_form, "a pin of yolopatch"),
    "model": _Form(lambda value: value in tuple(MODELS), f"one of {', '.join(MODELS)}"),
    "block": _Form(lambda value: value in BLOCK_STEMS, f"one of {', '.join(BLOCK_STEMS)}"),
    "others": _Form(_listed(lambda value: value in tuple(MODELS)), f"a list of {', '.join(MODELS)}"),
    "git": _Form(lambda value: value is None or isinstance(value, dict), "a tag of a repository"),
    "wheel": _Form(lambda value: value is None or isinstance(value, dict), "a wheel of an index"),
}
_GIT = {
    # nothing that git takes for an option, a program (`ext::`) or a folder
    "url": _Form(
        _matches(r"(?:https?|ssh|git|file)://[A-Za-z0-9/\[][!-~]*"), "an address as https://github.com/OWNER/REPOSITORY"
    ),
    "tag": _Form(_matches(r"(?:[A-Za-z0-9_][\w./+-]*)?"), "the name of a tag"),
    "commit": _Form(_optional(_matches(r"[0-9a-f]{40}")), "the id of a commit"),
}
_WHEEL = {
    # nothing that pip takes for an option, an address or a folder
    "project": _Form(_matches(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"), "the name of a project"),
    "version": _Form(_matches(r"[0-9][A-Za-z0-9.!+_-]*"), "a version"),
    "sha256": _Form(_matches(r"[0-9a-f]{64}"), "a SHA-256 sum"),
}
_MODULE = {
    "name": _Form(_matches(r"[A-Za-z]\w*"), "the name of a class"),
    "source": _Form(file_name_form, "a file name"),
    "bare": _Form(_is_class, "the name of a class"),
    "conv": _Form(lambda value: value == "" or _is_class(value), "the name of a class"),
    "symbol": _Form(lambda value: value == "" or _is_class(value), "the name of a class"),
    "helpers": _Form(_listed(_is_class), "a list of names of classes"),
    "paper": _Form(lambda value: _is_line(value) and not str(value).startswith("-"), "one line of text"),
    "tutorial": _Form(lambda value: value is None, "null: only yolopatch's own modules have tutorials"),
    "call": _Form(_is_call, "a call of its class with names, numbers and arithmetic"),
    "requires": _Form(_listed(_is_rule), "a list of conditions, each with its words"),
    "kernels": _Form(_listed(_is_size), "a list of sizes"),
    "strides": _Form(_listed(_is_size), "a list of sizes"),
    "least_inputs": _Form(_is_size, "a number of channels"),
    "printed_kernel": _Form(_is_size, "a size"),
    "tail": _Form(_is_tail, "the arguments of a YAML, with {k}, {s} and {p} at most"),
    "printed_tail": _Form(_is_tail, "the arguments of a YAML, with {k}, {s} and {p} at most"),
    "kind": _Form(lambda value: value in tuple(KINDS), f"one of {', '.join(KINDS)}"),
    "stem": _Form(lambda value: value in ("", *HEAD_STEMS), f"one of {', '.join(HEAD_STEMS)}"),
    "outputs": _Form(lambda value: value == "" or _is_number(value), "a number of channels in Python"),
    "stated": _Form(_matches(r"(?:\+?\d+(?:,\+?\d+)*)?"), "numbers of layers, as in --placement"),
    "packages": _Form(_listed(_is_class), "a list of names of packages"),
    "misfit": _Form(_is_line, "one line of text"),
    "spread": _Form(lambda value: isinstance(value, bool), "true or false"),
    "boxes": _Form(_is_forms, f"two of {', '.join(BOX_FORMS)}"),
    "gives": _Form(lambda value: value in (GIVES_LOSS, GIVES_OVERLAP), f"{GIVES_LOSS} or {GIVES_OVERLAP}"),
    "passed": _Form(_is_passed, "arguments of a call, with names, numbers and arithmetic"),
    "assigns": _Form(lambda value: isinstance(value, bool), "true or false"),
}
