"""What the site is built from: docs/, the pages at the top level, and the generated reference, in one folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import anchors
import links
import reference


def stage(root: Path, staged: Path) -> None:
    """Write the sources of the site into `staged`, and delete there what no longer belongs to it."""
    wanted = {**_documents(root), **_project(root), **reference.pages(root)}
    files: dict[str, Path] = {}
    for target, (source, text) in wanted.items():
        page = links.Page(root, source, target)
        _write(staged / target, page.rewritten(text))
        files.update(page.files)
    files.update(_pictures(root))
    for target, source in files.items():
        _copy(source, staged / target)
    _delete_others(staged, {*wanted, *files})


def _documents(root: Path) -> dict[str, tuple[Path, str]]:
    return {links.place(page.relative_to(root)): (page, _text(page)) for page in root.glob("docs/**/*.md")}


def _text(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    twin = page.with_name(page.name.replace(links.CHINESE, ".md"))
    return text if twin == page else anchors.with_anchors(text, twin.read_text(encoding="utf-8"))


def _project(root: Path) -> dict[str, tuple[Path, str]]:
    """Return the pages at the top level that are about the project; the README's content is that of the start page."""
    pages = (page for page in root.glob("*.md") if not page.name.startswith("README"))
    return {links.place(page.relative_to(root)): (page, page.read_text(encoding="utf-8")) for page in pages}


def _pictures(root: Path) -> dict[str, Path]:
    docs = root / "docs"
    return {path.relative_to(docs).as_posix(): path for path in docs.glob("**/*.*") if path.suffix in links.PICTURES}


def _write(file: Path, text: str) -> None:
    """Write a file unless it is the same already: `docs-serve` builds again when one changes."""
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _copy(source: Path, file: Path) -> None:
    if not file.is_file() or file.read_bytes() != source.read_bytes():
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, file)


def _delete_others(staged: Path, wanted: set[str]) -> None:
    for path in staged.glob("**/*"):
        if path.is_file() and path.relative_to(staged).as_posix() not in wanted:
            path.unlink()
