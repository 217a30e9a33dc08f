"""`make readme`: fill the tables of README.md and README.zh-CN.md from what was measured.

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`. Its first two lines, the headings, are the document's own,
in its language; the rows below are written here, and lead to the pages of that language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from yolopatch.catalog.module import FLAVORS, TUTORIAL_FLAVOR, Module
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.maintain.pages.verdicts import Verified, verdict, verified

README = {"README.md": ".md", "README.zh-CN.md": ".zh.md"}  # and how the names of their language's pages end
_ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
_ARXIV = re.compile(r"arXiv (\d{4}\.\d{5})")
_VENUE = re.compile(r"\(([^()]+)\)(?:, |$)")
_NOTHING = "–"
_CHECKS = 3  # that a cell names


def write_readme(root: Path) -> list[str]:
    """Write the tables of both documents anew; returns the names of those that changed.

    Args:
        root: the folder of the repository.
    """
    changed = []
    for name, end in README.items():
        before = (root / name).read_text(encoding="utf-8")
        after = filled(before, root, end)
        if after != before:
            (root / name).write_text(after, encoding="utf-8")
            changed.append(name)
    return changed


def filled(text: str, root: Path, end: str) -> str:
    """Return a document with the rows that are measured now; `end` is that of the pages in its language."""
    writers: Mapping[str, Callable[[Path, str], Sequence[str]]] = {
        "verdicts": _verdicts,
        "unmeasured": _unmeasured,
        "ablation": lambda root, _: _ablation(root),
    }
    for name, write in writers.items():
        text = _replaced(text, name, write(root, end))
    return text


def _replaced(text: str, name: str, lines: Sequence[str]) -> str:
    marked = re.compile(rf"(<!-- {name} -->\n(?:\|.*\n\|[-:| ]+\n)?).*?(<!-- /{name} -->)", re.DOTALL)
    written, count = marked.subn(lambda found: found[1] + "".join(f"{line}\n" for line in lines) + found[2], text)
    if count != 1:
        raise ValueError(f"the marks of {name} stand in the document {count} times, not once")
    return written


def _cells(page: str) -> Iterator[list[str]]:
    """Yield the cells of each row of a Markdown page's tables, headings and rules included."""
    for row in _ROW.findall(page):
        yield row.split(" | ")


def _verdicts(root: Path, end: str) -> list[str]:
    """Return a row for each measured module: its paper, and how many of its models pass on each pin."""
    measured = _measured(root)
    known = {model.module for model in measured}
    return [
        _row((_linked(module, root, end), _paper(module), *_by_pin(measured, name), _as_posted(measured, name)))
        for name, module in MODULES.items()
        if name in known
    ]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _unmeasured(root: Path, end: str) -> list[str]:
    """Return the modules that the measured table lacks, in one line."""
    known = {model.module for model in _measured(root)}
    return [", ".join(_linked(module, root, end) for name, module in MODULES.items() if name not in known)]


def _measured(root: Path) -> Sequence[Verified]:
    return verified((root / "docs/measured/verified.md").read_text(encoding="utf-8"))


def _by_pin(measured: Sequence[Verified], name: str) -> Iterator[str]:
    for pin in PINS:
        found = verdict(one for one in measured if (one.module, one.flavor, one.pin) == (name, FLAVORS[0], pin))
        yield f"{found.passed}/{found.models}" if found.models else _NOTHING


def _as_posted(measured: Sequence[Verified], name: str) -> str:
    """Return how many models of the post's code pass, and the checks that fail in most of the others, at most three."""
    found = verdict(one for one in measured if (one.module, one.flavor) == (name, TUTORIAL_FLAVOR))
    if not found.models:
        return _NOTHING
    failed = found.models - found.passed
    often = [f"`{check}`" for check, count in found.failing[:_CHECKS] if 2 * count > failed]
    return f"{found.passed}/{found.models}" + (f": {', '.join(often)}" if often else "")


def _linked(module: Module, root: Path, end: str) -> str:
    return f"[`{module.name}`]({_page(module, root, end)})"


def _page(module: Module, root: Path, end: str) -> str:
    """Return the page of a module, which has the name of its source; without one, the page of them all."""
    page = f"docs/modules/{module.source.replace('_', '-')}{end}"
    return page if (root / page).is_file() else f"docs/modules{end}"


def _paper(module: Module) -> str:
    """Return where the paper was published, with a link to it where it is on arXiv."""
    number = _ARXIV.search(module.paper)
    venue = _VENUE.search(module.paper)
    said = venue[1] if venue else "arXiv"
    return f"[{said}](https://arxiv.org/abs/{number[1]})" if number else said


def _ablation(root: Path) -> list[str]:
    """Return the rows of docs/measured/ablation.md, without some columns."""
    page = (root / "docs/measured/ablation.md").read_text(encoding="utf-8")
    heading, _, *rows = _cells(page)
    wanted = (
        "Arm",
        "Parameters (M)",
        "GFLOPs",
        "Latency (ms)",
        "Runs",
        "mAP50-95 (%)",
        "Difference (points)",
        "p",
        "Verdict",
    )
    return [_row(row[heading.index(name)] for name in wanted) for row in rows]
