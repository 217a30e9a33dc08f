"""Write a patch file: a mail that `git am` takes, with a unified diff that `git apply` takes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from yolopatch.catalog.identity import AUTHOR_EMAIL, AUTHOR_NAME, MAIL_DATE
from yolopatch.core.code.module_code import Addition
from yolopatch.core.text import blob_id, split_lines


def write_patch(subject: str, body: str, added: Sequence[Addition], pristine: Mapping[str, str]) -> str:
    """Return the text of a patch.

    Args:
        subject: the mail's subject, one line.
        body: the commit message below it.
        added: what to add; several places of one file become one diff.
        pristine: the pin's text of every file that they change.
    """
    header = f"From {'0' * 40} Mon Sep 17 00:00:00 2001\nFrom: {AUTHOR_NAME} <{AUTHOR_EMAIL}>\nDate: {MAIL_DATE}\n"
    by_path: dict[str, list[Addition]] = {}
    for addition in added:
        by_path.setdefault(addition.path, []).append(addition)
    diffs = "".join(_file_diff(path, by_path[path], pristine.get(path)) for path in sorted(by_path))
    return f"{header}Subject: [PATCH] {subject}\n\n{body}\n---\n\n{diffs}"


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
    for addition in reversed(_in_order(added)):
        lines[addition.at : addition.end] = [addition.text]
    return "".join(lines)


def _in_order(added: list[Addition]) -> list[Addition]:
    return sorted(added, key=lambda a: a.at or 0)


def _hunks(old: str, added: list[Addition], path: str, context: int = 3) -> list[str]:
    """Write the hunks from the places. Not by comparing texts, which may place equal lines elsewhere."""
    lines = split_lines(old)
    out = [f"--- a/{path}\n", f"+++ b/{path}\n"]
    shift = 0
    for near in _groups(_in_order(added), context):
        start, end = max((near[0].at or 0) - context, 0), min(near[-1].end + context, len(lines))
        body, gained, done = [], 0, start
        for addition in near:
            new = split_lines(addition.text)
            body += [" " + line for line in lines[done : addition.at]]
            body += ["-" + line for line in lines[addition.at : addition.end]] + ["+" + line for line in new]
            gained, done = gained + len(new) - addition.replaces, addition.end
        body += [" " + line for line in lines[done:end]]
        size = end - start
        out += [f"@@ -{start + 1},{size} +{start + 1 + shift},{size + gained} @@\n", *body]
        shift += gained
    return out


def _groups(added: list[Addition], context: int) -> list[list[Addition]]:
    """Group places whose context would touch: git takes no two hunks that overlap."""
    groups: list[list[Addition]] = []
    for addition in added:
        if groups and (addition.at or 0) - groups[-1][-1].end <= 2 * context:
            groups[-1].append(addition)
        else:
            groups.append([addition])
    return groups
