"""Write a patch file: a mail for `git am`, with a unified diff for `git apply`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from yolopatch.catalog.identity import AUTHOR_EMAIL, AUTHOR_NAME, MAIL_DATE
from yolopatch.catalog.pins import Pin
from yolopatch.core.edits import Change, Edit, NewFile, splice
from yolopatch.core.text import blob_id, split_lines

_OWN_WORDS = "A module of the user's own, as it was pasted; what runs by itself is left out."


def write_patch(subject: str, body: str, changes: Sequence[Change], pristine: Mapping[str, str]) -> str:
    """Return the text of a patch.

    Args:
        subject: the mail's subject, one line.
        body: the commit message below it.
        changes: the changes of the patch; several edits of one file become one diff.
        pristine: the pin's text of every file that they edit.
    """
    header = f"From {'0' * 40} Mon Sep 17 00:00:00 2001\nFrom: {AUTHOR_NAME} <{AUTHOR_EMAIL}>\nDate: {MAIL_DATE}\n"
    diffs = {one.path: _added_file(one) for one in changes if isinstance(one, NewFile)}
    edits = [one for one in changes if isinstance(one, Edit)]
    for path in {edit.path for edit in edits}:
        ours = sorted((edit for edit in edits if edit.path == path), key=lambda edit: edit.at)
        diffs[path] = _edited_file(path, ours, pristine[path])
    return f"{header}Subject: [PATCH] {subject}\n\n{body}\n---\n\n{''.join(diffs[path] for path in sorted(diffs))}"


def write_own_patch(pin: Pin, name: str, paper: str, added: Sequence[Change], originals: Mapping[str, str]) -> str:
    """Return the text of the patch with these changes of a user's own module; `paper` says where it comes from."""
    return write_patch(f"Add {name} to {pin.name}", f"{paper}.\n\n{_OWN_WORDS}", added, originals)


def _added_file(added: NewFile) -> str:
    path, new_id = added.path, blob_id(added.text.encode())
    head = f"diff --git a/{path} b/{path}\nnew file mode 100644\nindex {'0' * 40}..{new_id}\n"
    return head + "".join(difflib.unified_diff([], split_lines(added.text), "/dev/null", f"b/{path}"))


def _edited_file(path: str, edits: list[Edit], old: str) -> str:
    new_id = blob_id(splice(old, edits).encode())
    head = f"diff --git a/{path} b/{path}\nindex {blob_id(old.encode())}..{new_id} 100644\n"
    return head + "".join(_hunks(split_lines(old), edits, path))


def _hunks(lines: list[str], edits: list[Edit], path: str, context: int = 3) -> list[str]:
    """Write the hunks from the edits. A comparison of the texts could choose other, equal lines."""
    out = [f"--- a/{path}\n", f"+++ b/{path}\n"]
    shift = 0
    for near in _groups(edits, context):
        start, end = max(near[0].at - context, 0), min(near[-1].end + context, len(lines))
        body: list[str] = []
        gained, done = 0, start
        for edit in near:
            body += [" " + line for line in lines[done : edit.at]]
            body += ["-" + line for line in lines[edit.at : edit.end]] + ["+" + line for line in edit.lines]
            gained, done = gained + len(edit.lines) - edit.replaces, edit.end
        body += [" " + line for line in lines[done:end]]
        size = end - start
        out += [f"@@ -{start + 1},{size} +{start + 1 + shift},{size + gained} @@\n", *body]
        shift += gained
    return out


def _groups(edits: list[Edit], context: int) -> list[list[Edit]]:
    """Group edits whose context overlaps: git refuses overlapping hunks."""
    groups: list[list[Edit]] = []
    for edit in edits:
        if groups and edit.at - groups[-1][-1].end <= 2 * context:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return groups
