"""Names as users type them: case, `_` and `-` do not matter; for an unknown name, the nearest known names."""

from __future__ import annotations

from collections.abc import Iterable

from yolopatch.errors import UsageError


def fold(name: str) -> str:
    """Return the form in which two spellings of one name are equal (`C3k2_DSConv` = `c3k2-dsconv`)."""
    return name.casefold().replace("_", "").replace("-", "")


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return up to `count` known names that look like `name`, best first."""
    import difflib  # only a wrong name needs it, and start-up time is part of the product

    by_fold = {fold(k): k for k in known}
    close = difflib.get_close_matches(fold(name), by_fold, n=count, cutoff=0.5)
    return [by_fold[c] for c in close]


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> UsageError:
    """Build the error for a name that nothing has: the nearest names, then all of them."""
    known = list(known)
    close = nearest(name, known)
    hint = f"did you mean {' or '.join(close)}?" if close else where
    return UsageError(f"unknown {kind} {name!r}", details=[f"known: {', '.join(known)}"], hint=hint)
