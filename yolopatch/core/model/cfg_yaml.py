"""Read the YAML document of a model as upstream does, and refuse anything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from yolopatch.core.foreign_signs import find_foreign_sign, has_foreign_sign
from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.errors import UsageError


def load_mapping(text: str, path: PurePath) -> Mapping[str, Any]:
    """Return the values of a model YAML by key; for a repeated key the last value.

    Args:
        text: the file's content.
        path: its name, for messages.

    Raises:
        UsageError: it is not YAML, not a mapping, or much larger than a model.
    """
    try:
        content = load_plain(text)
    except PlainYamlError as error:
        raise (_no_yaml if error.is_syntax else _no_model)(path, error.found, error.line) from error
    if not isinstance(content, dict):
        raise _no_model(path, "an empty file" if content is None else f"a {type(content).__name__}")
    _refuse_foreign_signs(content, text, path)
    return content


def _refuse_foreign_signs(content: Mapping[str, Any], text: str, path: PurePath) -> None:
    """Refuse rows with signs of another keyboard: YAML reads them as letters of a word, and upstream as a name."""
    rows = [content.get(part) for part in ("backbone", "head")]
    sign = find_foreign_sign(text.splitlines()) if any(map(has_foreign_sign, _words(rows))) else None
    if sign is not None:
        raise _no_yaml(path, str(sign), sign.line)


def _words(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _words(part)


def _no_yaml(path: PurePath, found: str, line: int | None) -> UsageError:
    return UsageError(
        f"{path}, line {line} is not YAML" if line else f"{path} is not YAML",
        details=["expected: a model's YAML, indented with spaces", f"found:    {found}"],
        hint="correct the line, or write a file with yolopatch render-cfg",
    )


def _no_model(path: PurePath, found: str, line: int | None = None) -> UsageError:
    return UsageError(
        f"{path} is not a model YAML",
        details=[
            "expected: nc, backbone and head, each with its value",
            f"found:    {found}" + f", line {line}" * bool(line),
        ],
        hint="write one with yolopatch render-cfg",
    )
