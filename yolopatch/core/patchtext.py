"""Write a patch file: a mail that `git am` takes, with a unified diff that `git apply` takes."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence

from yolopatch.core.text import split_lines
from yolopatch.core.upstream import Addition

AUTHOR = "yolopatch <yolopatch@users.noreply.github.com>"
# One date for all: the same input must give the same bytes and the same commit ids.
DATE = "Thu, 1 Jan 2026 00:00:00 +0000"


def write_patch(subject: str, body: str, added: Sequence[Addition], pristine: Mapping[str, str]) -> str:
    """Return the text of a patch.

    Args:
        subject: the mail's subject, one line.
        body: the commit message below it.
        added: what to add; several places of one file become one diff.
        pristine: the pin's text of every file that they insert into.
    """
    header = f"From {'0' * 40} Mon Sep 17 00:00:00 2001\nFrom: {AUTHOR}\nDate: {DATE}\n"
    by_path: dict[str, list[Addition]] = {}
    for addition in added:
        by_path.setdefault(addition.path, []).append(addition)
    diffs = "".join(_file_diff(path, by_path[path], pristine.get(path)) for path in sorted(by_path))
    return f"{header}Subject: [PATCH] {subject}\n\n{body}\n---\n\n{diffs}"


def blob_id(data: bytes) -> str:
    """Return the id that git gives this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _file_diff(path: str, added: list[Addition], old: str | None) -> str:
    new = "".join(a.text for a in added) if old is None else _insert(old, added)
    new_id = blob_id(new.encode())
    if old is None:
        head = f"diff --git a/{path} b/{path}\nnew file mode 100644\nindex {'0' * 40}..{new_id}\n"
        lines = difflib.unified_diff([], split_lines(new), "/dev/null", f"b/{path}")
    else:
        head = f"diff --git a/{path} b/{path}\nindex {blob_id(old.encode())}..{new_id} 100644\n"
        lines = _hunks(old, added, path)
    return head + "".join(lines)


def _insert(old: str, added: list[Addition]) -> str:
    lines = split_lines(old)
    for addition in sorted(added, key=lambda a: a.at or 0, reverse=True):
        lines[addition.at : addition.at] = [addition.text]
    return "".join(lines)


def _hunks(old: str, added: list[Addition], path: str, context: int = 3) -> list[str]:
    """Write one hunk per place. Not by comparing texts, which may place equal lines elsewhere."""
    lines = split_lines(old)
    out = [f"--- a/{path}\n", f"+++ b/{path}\n"]
    shift = 0
    for addition in sorted(added, key=lambda a: a.at or 0):
        at = addition.at or 0
        before, after = lines[max(at - context, 0) : at], lines[at : at + context]
        new = split_lines(addition.text)
        start, size = at - len(before) + 1, len(before) + len(after)
        out.append(f"@@ -{start},{size} +{start + shift},{size + len(new)} @@\n")
        out += [" " + line for line in before] + ["+" + line for line in new] + [" " + line for line in after]
        shift += len(new)
    return out
