"""Which definitions of upstream's own files a checkout has changed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from ...wire.verification import VerifyRequest
from ..build.subject import Subject
from ..measure.definitions import DEFINITIONS, meaning

_PARSER = "parse_model"  # a module's branch changes it, which changes none of upstream's own models


def edited_definitions(subject: Subject) -> list[str]:
    """Return the classes and functions of the imported files that the user has changed, with the file.

    They are compared with what yolopatch made; in a checkout that it did not make, with the unchanged upstream. Empty
    where there is neither.
    """
    root = Path(subject.request.workspace).resolve()
    found = []
    for file in _imported(root):
        name = file.relative_to(root).as_posix()
        before = _before(subject.request, name)
        if before is not None and before != (now := file.read_bytes()):
            own, theirs = _definitions(now), _definitions(before)
            found += [(one, f"{name} ({one})") for one in own if theirs.get(one, own[one]) != own[one]]
    return [text for one, text in sorted(found) if one != _PARSER]


def _before(request: VerifyRequest, name: str) -> bytes | None:
    """Return what a file was before the user changed it; None for one that is as it was, or of the user's own."""
    if request.history.ours:
        text = request.history.as_made.get(name)
        return None if text is None else text.encode("utf-8", "surrogateescape")
    other = Path(request.pristine) / name if request.pristine else None
    return other.read_bytes() if other and other.is_file() else None


def _imported(root: Path) -> Iterator[Path]:
    files = {str(getattr(module, "__file__", None) or "") for module in list(sys.modules.values())}
    for file in sorted(files):
        path = Path(file)
        if file.endswith(".py") and path.is_absolute() and path.resolve().is_relative_to(root):
            yield path.resolve()


def _definitions(text: bytes) -> dict[str, str]:
    """Return what each class and function at a file's top says, without docstrings; the last of a name counts."""
    try:
        tree = ast.parse(text)
    except (ValueError, SyntaxError):
        return {}
    return {node.name: meaning(node) for node in tree.body if isinstance(node, DEFINITIONS)}
