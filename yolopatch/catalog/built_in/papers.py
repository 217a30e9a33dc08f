"""What every module has in common that comes from a paper, and from no tutorial."""

from __future__ import annotations

from typing import Any

from yolopatch.catalog.module import Module


def of_paper(name: str, kind: str, paper: str, call: str, **others: Any) -> Module:
    """Return the entry of a module; `others` are further attributes, and those that differ from the usual ones."""
    usual = {"source": name.casefold(), "bare": name, "conv": f"Conv_{name}", "tutorial": None}
    return Module(name=name, kind=kind, paper=paper, call=call, **{**usual, **others})
