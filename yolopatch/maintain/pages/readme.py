"""`make readme`: fill the tables of README.md and README.zh-CN.md from what was measured.

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`. Its first two lines, the headings, are the document's own,
in its language; the rows below are written here, and are the same in every language.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from yolopatch.catalog.module import FLAVORS, TUTORIAL_FLAVOR, Module
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS

README = ("README.md", "README.zh-CN.md")
_ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
_ARXIV = re.compile(r"arXiv (\d{4}\.\d{5})")
_VENUE = re.compile(r"\(([^()]+)\)(?:, |$)")
_BASES = tuple(PINS)
_NOTHING = "–"
_CHECKS = 3  # that a cell names


def write_readme(root: Path) -> list[str]:
    """Write the tables of both documents anew; returns the names of those that changed.

    Args:
        root: the folder of the repository.
    """
    changed = []
    for name in README:
        before = (root / name).read_text(encoding="utf-8")
        after = filled(before, root)
        if after != before:
            (root / name).write_text(after, encoding="utf-8")
            changed.append(name)
    return changed


def filled(text: str, root: Path) -> str:
    """Return a document with the rows that are measured now."""
    writers: Mapping[str, Callable[[Path], Sequence[str]]] = {
        "verdicts": _verdicts,
        "unmeasured": _unmeasured,
        "ablation": _ablation,
    }
    for name, write in writers.items():
        text = _replaced(text, name, write(root))
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


def _verdicts(root: Path) -> list[str]:
    """Return a row for each measured module: its paper, and how many of its models pass on each pin."""
    measured = _measured(root)
    return [
        _row((_linked(module, root), _paper(module), *_by_pin(measured, name), _as_posted(measured, name)))
        for name, module in MODULES.items()
        if any(name == known for known, _, _ in measured)
    ]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _unmeasured(root: Path) -> list[str]:
    """Return the modules that the measured table lacks, in one line."""
    known = {name for name, _, _ in _measured(root)}
    return [", ".join(_linked(module, root) for name, module in MODULES.items() if name not in known)]


def _measured(root: Path) -> Mapping[tuple[str, str, str], list[str]]:
    """Return the verdicts of each module, flavor and pin: the cells of docs/measured/verified.md."""
    page = (root / "docs/measured/verified.md").read_text(encoding="utf-8")
    found: dict[tuple[str, str, str], list[str]] = {}
    for flavor in FLAVORS:
        part = page.partition(f"## Flavor `{flavor}`")[2].partition("## ")[0]
        for pin, module, _, *cells in _cells(part):
            if pin in PINS:
                found.setdefault((module, flavor, pin), []).extend(cell.strip() for cell in cells if cell.strip())
    return found


def _by_pin(measured: Mapping[tuple[str, str, str], list[str]], name: str) -> Iterator[str]:
    for pin in _BASES:
        verdicts = measured.get((name, FLAVORS[0], pin), [])
        yield f"{_passing(verdicts)}/{len(verdicts)}" if verdicts else _NOTHING


def _as_posted(measured: Mapping[tuple[str, str, str], list[str]], name: str) -> str:
    """Return how many models of the post's code pass, and the checks that fail in most of the others, at most three."""
    verdicts = [
        one
        for (module, flavor, _), all_ in measured.items()
        if (module, flavor) == (name, TUTORIAL_FLAVOR)
        for one in all_
    ]
    if not verdicts:
        return _NOTHING
    failed = [_failures(one) for one in verdicts if one.startswith("fails")]
    counts = Counter(check for checks in failed for check in checks)
    often = [f"`{check}`" for check, count in counts.most_common(_CHECKS) if 2 * count > len(failed)]
    return f"{_passing(verdicts)}/{len(verdicts)}" + (f": {', '.join(often)}" if often else "")


def _passing(verdicts: Sequence[str]) -> int:
    return sum(one.startswith("pass") for one in verdicts)


def _failures(verdict: str) -> list[str]:
    return verdict.partition(";")[0].removeprefix("fails ").rstrip("*").split(", ")


def _linked(module: Module, root: Path) -> str:
    return f"[`{module.name}`]({_page(module, root)})"


def _page(module: Module, root: Path) -> str:
    """Return the page of a module: its file has the module's name, or the beginning that several share (`wiou`)."""
    name = module.name.casefold().replace("_", "")
    pages = [page for page in root.glob("docs/modules/*.md") if name.startswith(page.stem.replace("-", ""))]
    longest = max(pages, key=lambda page: len(page.stem), default=root / "docs/modules.md")
    return longest.relative_to(root).as_posix()


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
