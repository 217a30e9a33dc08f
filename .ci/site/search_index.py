"""An index for each language, so that a search in Chinese finds the Chinese page and not its English twin."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_BASE = re.compile(r'(<script id="__config" type="application/json">[^<]*?"base": ")([^"]*)"')


def use_own(page: str) -> str:
    """Return a page of another language whose scripts take the folder of the language for the root of the site."""
    return _BASE.sub(lambda found: f'{found[1]}{_one_below(found[2])}"', page, count=1)


def _one_below(base: str) -> str:
    """Return the way to the language's folder, from the way to the folder around it: `../..` becomes `..`."""
    return base.removesuffix("..").rstrip("/") or "."


def split(site: Path, language: str) -> None:
    """Move what an index says of the pages in a language's folder to an index in this folder."""
    written = site / "search" / "search_index.json"
    index = json.loads(written.read_text(encoding="utf-8"))
    folder = f"{language}/"
    own = [entry for entry in index["docs"] if entry["location"].startswith(folder)]
    others = [entry for entry in index["docs"] if not entry["location"].startswith(folder)]
    for entry in own:
        entry["location"] = entry["location"].removeprefix(folder)
    _write(site / language / "search", {**index, "docs": own})
    _write(written.parent, {**index, "docs": others})


def _write(folder: Path, index: dict[str, Any]) -> None:
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "search_index.json").write_text(text, encoding="utf-8")
    # a page that is opened as a file can load a script from beside it, but no JSON
    (folder / "search_index.js").write_text(f"var __index = {text}", encoding="utf-8")
