"""The translations of the messages: one PO file for each part of the program, and all of them compiled to two files.

The PO files are what people edit, by hand or with a program such as Poedit. The program reads the compiled files.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from yolopatch.catalog.resources import templates_dir
from yolopatch.core.language.messages import BETWEEN, BREAK, sorted_lines
from yolopatch.core.language.patterns import fields_of
from yolopatch.maintain.messages.python_source import Reader
from yolopatch.maintain.messages.template_source import template_messages
from yolopatch.outside.language import compiled_file

_PACKAGE = Path(__file__).parents[2]
_LOCALE = _PACKAGE / "locale"
# Not read: what runs in upstream's own process, and what only maintainers call.
_OTHERS = ("modules", "upstream", "maintain")
# The part to which the files of a folder belong; the longest name counts.
_PARTS = {
    "catalog": "catalog",
    "cli": "cli",
    "cli/adopt": "fork",
    "cli/verify": "verify",
    "core": "core",
    "core/ablate": "tables",
    "core/compare": "tables",
    "core/fork": "fork",
    "core/loss": "paste",
    "core/own": "paste",
    "core/paste": "paste",
    "outside": "outside",
    "outside/fork": "fork",
    "probe": "probe",
    "probe/checks": "checks",
    "probe/fork": "fork",
    "steps": "steps",
    "steps/adopt": "fork",
    "wire": "checks",
}
# Kept by hand: single words that stand in sentences, and what libraries print.
BY_HAND = ("words", "libraries")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_SAME = "no-translation"


def messages_by_part() -> dict[str, dict[str, str]]:
    """Return the messages of the sources: for each part the first file that has each."""
    found: dict[str, dict[str, str]] = {}
    seen: set[str] = set()
    for name, messages in _read_sources():
        for message in messages:
            text = message.strip()
            if text not in seen:
                seen.add(text)
                found.setdefault(_part_of(name), {})[text] = name
    return found


def update(language: str) -> int:
    """Write the PO files anew from the sources, with the translations that they have; return how many lack one."""
    for file, content in po_files(language).items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    known = translations(language)
    return sum(message not in known for messages in messages_by_part().values() for message in messages)


def po_files(language: str) -> dict[Path, bytes]:
    """Return the PO files as the sources have them now, with the translations that are there."""
    known = translations(language)
    found = {}
    for part, messages in sorted(messages_by_part().items()):
        catalog = Catalog(locale=language, fuzzy=False)
        for message, name in messages.items():
            catalog.add(message, known.get(message, ""), locations=[(name, 0)], flags=_flags(message, known))
        found[_LOCALE / language / f"{part}.po"] = _content(catalog)
    return found


def compiled_files(language: str) -> dict[Path, str]:
    """Return the files that the program reads, as the PO files have them now."""
    found = sorted_lines(translations(language))
    return {Path(compiled_file(language, name)): content for name, content in found.items()}


def write_compiled(language: str) -> int:
    """Write the compiled files; return how many messages they have."""
    for file, content in compiled_files(language).items():
        file.write_text(content, encoding="utf-8", newline="\n")
    return len(translations(language))


def translations(language: str) -> dict[str, str]:
    """Return what is translated, of all parts."""
    found: dict[str, str] = {}
    for file in sorted((_LOCALE / language).glob("*.po")):
        catalog = read_po(io.StringIO(file.read_text(encoding="utf-8")), locale=language)
        found |= {str(one.id): str(one.string) for one in catalog if one.id and one.string}
    return found


def faults(language: str) -> Iterator[str]:
    """Yield what is wrong with the translations: a message without one, other placeholders, nothing of the language.

    A message also has none of the signs that part the compiled lines.
    """
    known = translations(language)
    for part, messages in messages_by_part().items():
        yield from (f"{part}: no translation: {message}" for message in messages if message not in known)
    for message, text in known.items():
        if message != text and not _CHINESE.search(text):
            yield f"no Chinese in the translation: {message}"
        if {BETWEEN, BREAK} & {*message, *text}:
            yield f"a tab or {BREAK}: {message}"
        unknown = fields_of(text) - fields_of(message)
        if unknown:
            yield f"placeholders that the message does not have, {', '.join(sorted(unknown))}: {message}"


def _flags(message: str, known: Mapping[str, str]) -> list[str]:
    return [_SAME] if known.get(message) == message else []


def _read_sources() -> Iterator[tuple[str, list[str]]]:
    for file in sorted(_PACKAGE.rglob("*.py")):
        name = file.relative_to(_PACKAGE).as_posix()
        if not name.startswith(_OTHERS):
            yield name, Reader(words=name.startswith("cli/")).messages(file.read_text(encoding="utf-8"))
    for file in sorted((templates_dir() / "report").glob("*.j2")):
        yield f"templates/report/{file.name}", template_messages(file.read_text(encoding="utf-8"))


def _part_of(name: str) -> str:
    if name.startswith("templates/"):
        return "pages"
    folders = [folder for folder in _PARTS if name.startswith(f"{folder}/")]
    return _PARTS[max(folders, key=len)] if folders else "core"


def _content(catalog: Catalog) -> bytes:
    text = io.BytesIO()
    write_po(text, catalog, width=120, omit_header=True, include_lineno=False, sort_by_file=True)
    return text.getvalue()
