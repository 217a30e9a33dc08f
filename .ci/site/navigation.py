"""The navigation of the site: `reference/cli/*.md` stands for the pages that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def expand(nav: Any, docs: Path) -> Any:
    """Return the navigation with the staged pages in the place of each pattern; a section without pages is left out."""
    if isinstance(nav, str):
        return _matching(nav, docs) if "*" in nav else [nav]
    if isinstance(nav, dict):
        return [{title: found} for title, inner in nav.items() if (found := _section(inner, docs))]
    return [page for entry in nav for page in expand(entry, docs)]


def _section(inner: Any, docs: Path) -> Any:
    return inner if isinstance(inner, str) and "*" not in inner else expand(inner, docs)


def _matching(pattern: str, docs: Path) -> list[str]:
    pages = (path.relative_to(docs).as_posix() for path in docs.glob(pattern))
    return sorted(page for page in pages if not page.endswith(".zh.md"))
