"""What docstrings say in another language: `api.zh.yaml` has the Chinese of each paragraph by its English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import yaml
from docstrings import Described

_HERE = Path(__file__).resolve().parent


def in_language(module: str, found: list[Described], language: str) -> tuple[str, list[Described]]:
    """Return the text of a module and what is described in it, in a language that has a file here.

    Raises:
        LookupError: a paragraph has no translation, or a translation has no paragraph any more.
    """
    texts: dict[str, str] = yaml.safe_load((_HERE / f"api.{language}.yaml").read_text(encoding="utf-8"))
    needed = {paragraph for text in _texts(module, found) for paragraph in _paragraphs(text) if not _is_code(paragraph)}
    if needed != texts.keys():
        missing, idle = sorted(needed - texts.keys()), sorted(texts.keys() - needed)
        raise LookupError(f".ci/site/api.{language}.yaml: not translated: {missing}; said nowhere any more: {idle}")
    say = _speaker(texts)
    return say(module), [_translated(one, say) for one in found]


def _speaker(texts: Mapping[str, str]) -> Callable[[str], str]:
    return lambda text: "\n\n".join(texts.get(paragraph, paragraph) for paragraph in _paragraphs(text))


def _translated(one: Described, say: Callable[[str], str]) -> Described:
    sections = {
        heading: tuple((name, say(meaning)) for name, meaning in entries) for heading, entries in one.sections.items()
    }
    return replace(one, says=say(one.says), sections=sections)


def _texts(module: str, found: list[Described]) -> Iterator[str]:
    yield module
    for one in found:
        yield one.says
        yield from (meaning for entries in one.sections.values() for _, meaning in entries)


def _paragraphs(text: str) -> Iterator[str]:
    """Yield each paragraph in one line; code keeps its lines."""
    for paragraph in re.split(r"\n\s*\n(?=\S)|\n\s*\n(?= {4})", text):
        yield paragraph if _is_code(paragraph) else " ".join(paragraph.split())


def _is_code(paragraph: str) -> bool:
    return paragraph.startswith("    ")
