"""The reference: one page for each command, the functions for Python, the checks, the exit codes.

All of it is generated when the site is built, from the command line and the source that the site is about. So it is
never older than they are, and nothing generated has to be committed when a help text changes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docstrings
import spoken_docstrings
from help_text import Help, take_apart
from jinja2 import Environment, FileSystemLoader, StrictUndefined

LANGUAGES = ("en", "zh")
# the pages that tell most of a command come first; more of them would tell nothing of it
_FURTHER_PAGES = 6
_CHECKS = "list checks"
_HERE = Path(__file__).resolve().parent


def pages(root: Path) -> dict[str, tuple[Path, str]]:
    """Return each page by where the site has it, with the file that it would be in docs/, and its text."""
    printed = {language: _printed(language) for language in LANGUAGES}
    found = {target: text for language in LANGUAGES for target, text in _of_language(root, language, printed)}
    return {target: (root / "docs" / target, text) for target, text in found.items()}


def _of_language(root: Path, language: str, printed: Mapping[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    helped = {name: text for name, text in printed[language].items() if name != _CHECKS}
    overview, *helps = ((name, take_apart(text)) for name, text in helped.items())
    # an id is no word: it is the same in each language
    ids, meanings = (_pairs(printed[one][_CHECKS]) for one in (LANGUAGES[0], language))
    checks = [(id_, means) for (id_, _), (_, means) in zip(ids, meanings)]
    codes = _exit_codes(overview[1])
    commands = [(name, _file(name), said) for name, said in helps]
    yield _named("index", language), _filled("index", language, commands=commands, overview=overview[1])
    for name, file, said in commands:
        further = _pages_about(root, name, language)
        text = _filled("command", language, name=name, help=said, pages=further)
        yield _named(f"cli/{file}", language), _with_pages(text, root)
    yield _named("checks", language), _filled("checks", language, checks=checks)
    yield _named("exit-codes", language), _filled("exit-codes", language, codes=codes)
    yield _named("api", language), _filled("api", language, **_api(root, language))


def _named(name: str, language: str) -> str:
    return f"reference/{name}.md" if language == LANGUAGES[0] else f"reference/{name}.{language}.md"


def _file(command: str) -> str:
    return command.replace(" ", "-")


def _printed(language: str) -> dict[str, str]:
    """Return what the command line says of itself in a language, by command."""
    variables = {**os.environ, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    command = [sys.executable, str(_HERE / "print_help.py"), language]
    done = subprocess.run(command, env=variables, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        raise RuntimeError(f"the command line cannot describe itself in {language}:\n{done.stderr[-2000:]}")
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _pairs(listing: str) -> list[tuple[str, str]]:
    """Return the names of a listing with what is said of each in the indented lines below it."""
    found: list[tuple[str, str]] = []
    for line in filter(None, listing.splitlines()):
        if line.startswith(" "):
            name, said = found[-1]
            found[-1] = (name, _joined(said, line.strip()))
        else:
            found.append((line.strip(), ""))
    return found


def _joined(text: str, more: str) -> str:
    """Join two lines of a text; Chinese has no space between its lines."""
    between = " " if text and (text[-1].isascii() or more[0].isascii()) else ""
    return f"{text}{between}{more}"


def _exit_codes(overview: Help) -> list[tuple[str, str]]:
    """Return the exit codes with their meanings, from the one sentence of the overview that lists them."""
    text = next(one for one in overview.paragraphs if re.search(r"\b130\b", one))
    return [(code, meaning.strip()) for code, meaning in re.findall(r"(\d+) ([^,.\d\uff0c\u3001\u3002]+)", text)]


def _pages_about(root: Path, command: str, language: str) -> list[tuple[str, str]]:
    """Return the titles and files of the pages that have a call of the command, those with most calls first."""
    call = re.compile(rf"\byolopatch {command}(?![\w-])")
    counted = []
    for page in [*root.glob("docs/*.md"), *root.glob("docs/guides/*.md")]:
        if page.name.endswith(".zh.md"):
            continue
        calls = len(call.findall(page.read_text(encoding="utf-8")))
        counted.append((-calls, page.relative_to(root / "docs").as_posix(), _title(page, language)))
    return [(title, file) for calls, file, title in sorted(counted) if calls][:_FURTHER_PAGES]


def _title(page: Path, language: str) -> str:
    translated = page.with_suffix(f".{language}.md")
    text = (translated if translated.is_file() else page).read_text(encoding="utf-8")
    return re.search(r"^# (.+)$", text, re.M)[1]  # type: ignore[index]  # a page without a title has no place here


def _with_pages(text: str, root: Path) -> str:
    """Return a text with a link for each page that it names by its path in the repository."""

    def link(found: re.Match[str]) -> str:
        return f"[{found[0]}](../../{found[1]})" if (root / found[0]).is_file() else found[0]

    return re.sub(r"(?<![\w/(])docs/([\w/-]+\.md)", link, text)


def _api(root: Path, language: str) -> Mapping[str, Any]:
    file = root / "yolopatch" / "api.py"
    functions = docstrings.functions(file)
    described = [*functions, *(docstrings.result(file, one.returns, root) for one in functions)]
    module = docstrings.module_text(file)
    if language != LANGUAGES[0]:
        module, described = spoken_docstrings.in_language(module, described, language)
    count = len(functions)
    return {"functions": described[:count], "results": described[count:], "module": module}


def _filled(template: str, language: str, **values: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "pages"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown
    )
    suffix = "" if language == LANGUAGES[0] else f".{language}"
    return environment.get_template(f"{template}{suffix}.md.j2").render(**values)
