"""A patch may insert lines and add files inside the tree, a compatibility patch also replace lines; no more."""

from __future__ import annotations

import pytest

from yolopatch.core.patch.compose import compose
from yolopatch.core.patch.parsing import parse_patch
from yolopatch.errors import PatchError

GOOD = """From 0000 Mon Sep 17 00:00:00 2001
Subject: [PATCH] Add it

- a list in the message
+ is no diff
---

diff --git a/models/new.py b/models/new.py
new file mode 100644
index 0000000000000000000000000000000000000000..1111111111111111111111111111111111111111
--- /dev/null
+++ b/models/new.py
@@ -0,0 +1,2 @@
+one = 1
+two = 2
diff --git a/models/yolo.py b/models/yolo.py
index 1111111..2222222 100644
--- a/models/yolo.py
+++ b/models/yolo.py
@@ -1,4 +1,5 @@
 a
 b
+inserted
 c
 d
"""
PRISTINE = {"models/yolo.py": "a\nb\nc\nd\ne\n"}


def _parse(*changes: tuple[str, str]):
    text = GOOD
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_patch(text, "the.patch")


def _refused(*changes: tuple[str, str]) -> str:
    with pytest.raises(PatchError) as caught:
        _parse(*changes)
    error = caught.value
    assert "the.patch" in error.what
    assert error.exit_code == 1
    assert error.hint
    return " | ".join((error.what, *error.details))


def test_a_good_patch_is_read_whole():
    patch = _parse()
    new, changed = patch.changes
    assert (new.path, new.new) == ("models/new.py", "one = 1\ntwo = 2\n")
    assert [(i.at, i.text) for i in changed.edits] == [(2, "inserted\n")]
    assert dict(changed.context) == {0: "a\n", 1: "b\n", 2: "c\n", 3: "d\n"}
    assert compose(PRISTINE, [patch])["models/yolo.py"] == "a\nb\ninserted\nc\nd\ne\n"


def test_a_removed_line_with_honest_counts():
    told = _refused(("@@ -1,4 +1,5 @@", "@@ -1,4 +1,4 @@"), ("\n c\n", "\n-c\n"))
    assert "removes a line: its line 24" in told
    assert "found:    -c" in told


def test_a_removed_line_with_the_old_counts():
    assert "removes a line: its line 24" in _refused(("\n c\n", "\n-c\n"))


def test_a_removed_line_after_the_end_of_a_hunk():
    assert "removes a line: its line 26" in _refused(("\n d\n", "\n d\n-e\n"))


def test_a_removed_line_that_looks_like_a_header():
    told = _refused(("@@ -1,4 +1,5 @@", "@@ -1,5 +1,5 @@"), ("\n c\n", "\n--- c\n c\n"))
    assert "removes a line: models/yolo.py, line 3" in told


def test_an_added_line_without_a_new_count_is_not_dropped_in_silence():
    assert "Hunk is longer than expected" in _refused(("+inserted\n", "+inserted\n+another\n"))
    assert "is neither an insertion nor context: its line 26" in _refused((" d\n", " d\n+another\n"))


def test_a_hunk_that_is_too_short():
    assert "is not a valid unified diff: Hunk is shorter than expected" in _refused((" c\n d\n", " c\n"))


def test_a_renamed_file():
    told = _refused(
        ("diff --git a/models/yolo.py b/models/yolo.py", "diff --git a/models/yolo.py b/models/other.py"),
        ("+++ b/models/yolo.py", "+++ b/models/other.py"),
    )
    assert "removes or renames models/other.py" in told


def test_a_rename_without_any_change():
    move = "diff --git a/x.py b/y.py\nsimilarity index 100%\nrename from x.py\nrename to y.py\n"
    assert "removes or renames y.py" in _refused(("diff --git a/models/yolo.py", move + "diff --git a/models/yolo.py"))


def test_a_deleted_file():
    gone = "diff --git a/x.py b/x.py\ndeleted file mode 100644\nindex 1111111..0000000\n"
    assert "removes or renames x.py" in _refused(("diff --git a/models/yolo.py", gone + "diff --git a/models/yolo.py"))


@pytest.mark.parametrize(
    "line",
    [
        "old mode 100644\nnew mode 100755",
        "similarity index 90%\ncopy from a.py\ncopy to b.py",
        "GIT binary patch\nliteral 3\nKcmZQzWMT",
        "Binary files a/x and b/x differ",
    ],
)
def test_modes_copies_and_binaries(line):
    head = "index 1111111..2222222 100644\n"
    assert "is neither an insertion nor context" in _refused((head, f"{line}\n{head}"))


@pytest.mark.parametrize("mode", ["100755", "120000", "160000"])
def test_a_new_file_that_is_no_plain_file(mode):
    assert "is neither an insertion nor context" in _refused(("new file mode 100644", f"new file mode {mode}"))


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "b/../outside.py",
        "b/models/../../outside.py",
        "b/.git/hooks/post-checkout",
        "b/.GIT/config",
        "b/models/.git/config",
        "b//etc/passwd/../x",
        "../outside.py",
    ],
)
def test_a_path_that_leaves_the_tree(path):
    told = _refused(
        ("diff --git a/models/new.py b/models/new.py\n", ""),
        ("new file mode 100644\n", ""),
        ("+++ b/models/new.py", f"+++ {path}"),
    )
    assert f"outside the tree: {path}" in told


@pytest.mark.parametrize("path", ["models/new.py", "b/", "new.py", '"b/caf\\303\\251.py"'])
def test_a_path_without_its_prefix(path):
    told = _refused(
        ("diff --git a/models/new.py b/models/new.py\n", ""),
        ("new file mode 100644\n", ""),
        ("+++ b/models/new.py", f"+++ {path}"),
    )
    assert "without a/ or b/" in told or "outside the tree" in told


def test_two_diffs_of_one_file():
    at = GOOD.index("diff --git a/models/yolo.py")
    with pytest.raises(PatchError, match=r"changes models/yolo\.py twice"):
        parse_patch(GOOD + GOOD[at:], "the.patch")


def test_a_hunk_without_context():
    told = _refused(("@@ -1,4 +1,5 @@\n a\n b\n+inserted\n c\n d\n", "@@ -2,0 +3 @@\n+inserted\n"))
    assert "has a hunk without context in models/yolo.py, at line 2" in told


def test_a_hunk_before_the_first_line():
    assert "has a hunk without context" in _refused(("@@ -1,4 +1,5 @@", "@@ -0,4 +1,5 @@"))


def test_a_diff_that_adds_nothing():
    told = _refused(("@@ -1,4 +1,5 @@\n a\n b\n+inserted\n c\n d\n", "@@ -1,4 +1,4 @@\n a\n b\n c\n d\n"))
    assert "adds nothing to models/yolo.py" in told


@pytest.mark.parametrize("text", ["", "\n", "hello\n", "+just\n-text\n", "\0\1\2", "--- nothing\n+++ nothing\n"])
def test_what_is_no_diff(text):
    with pytest.raises(PatchError, match=r"the\.patch has no diff"):
        parse_patch(text, "the.patch")


def test_crlf_line_ends():
    with pytest.raises(PatchError):
        parse_patch(GOOD.replace("\n", "\r\n"), "the.patch")


def test_a_mail_signature_is_no_removal():
    assert parse_patch(GOOD + "-- \n2.39.5\n\n", "the.patch") == _parse()


def test_a_new_file_without_a_newline_at_its_end():
    patch = _parse(("+two = 2\n", "+two = 2\n\\ No newline at end of file\n"))
    assert patch.changes[0].new == "one = 1\ntwo = 2"


def test_context_without_a_newline_matches_a_file_without_one():
    patch = _parse((" d\n", " d\n\\ No newline at end of file\n"))
    assert compose({"models/yolo.py": "a\nb\nc\nd"}, [patch])["models/yolo.py"] == "a\nb\ninserted\nc\nd"
    with pytest.raises(PatchError, match=r"does not match the pin: models/yolo\.py, line 4"):
        compose({"models/yolo.py": "a\nb\nc\nd\n"}, [patch])


@pytest.mark.parametrize(
    "hunk",
    [
        "@@ -3,2 +3,3 @@\n c\n d\n+inserted\n\\ No newline at end of file\n",
        "@@ -3,2 +3,3 @@\n c\n d\n\\ No newline at end of file\n+inserted\n",
    ],
)
def test_an_insertion_that_changes_how_the_last_line_ends(hunk):
    told = _refused(("@@ -1,4 +1,5 @@\n a\n b\n+inserted\n c\n d\n", hunk))
    assert "changes the newline at the end of models/yolo.py" in told


# A compatibility patch: removed lines are lines that others replace.

MENDING = """diff --git a/models/yolo.py b/models/yolo.py
index 1111111..2222222 100644
--- a/models/yolo.py
+++ b/models/yolo.py
@@ -1,5 +1,6 @@
 a
-b
-c
+B
+C
+more
 d
-e
+E
"""


def _mending(*changes: tuple[str, str]):
    text = MENDING
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_patch(text, "compat.patch", modifies=True)


def test_a_compatibility_patch_replaces_lines():
    (changed,) = _mending().changes
    assert [(e.at, e.lines, e.replaces) for e in changed.edits] == [
        (1, ("B\n", "C\n", "more\n"), 2),
        (4, ("E\n",), 1),
    ]
    assert dict(changed.context) == dict(enumerate(["a\n", "b\n", "c\n", "d\n", "e\n"]))
    assert compose(PRISTINE, [_mending()])["models/yolo.py"] == "a\nB\nC\nmore\nd\nE\n"


def test_what_a_compatibility_patch_replaces_must_be_there():
    with pytest.raises(PatchError, match=r"compat\.patch does not match the pin: models/yolo\.py, line 3") as caught:
        compose(PRISTINE, [_mending(("\n-c\n", "\n-x\n"))])
    assert caught.value.details == ("expected: x", "found:    c")


def test_lines_added_before_replaced_ones_are_another_edit():
    (changed,) = _mending(("@@ -1,5 +1,6 @@", "@@ -1,5 +1,7 @@"), ("\n-b\n", "\n+new\n-b\n")).changes
    assert (changed.edits[0].at, changed.edits[0].lines, changed.edits[0].replaces) == (1, ("new\n",), 0)


def test_the_same_patch_of_a_module_is_refused():
    with pytest.raises(PatchError, match="removes a line: its line 7"):
        parse_patch(MENDING, "the.patch")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("+++ b/models/yolo.py", "+++ b/models/other.py"), "removes or renames models/other.py"),
        (("+++ b/models/yolo.py", "+++ /dev/null"), "removes or renames models/yolo.py"),
        (("+++ b/models/yolo.py", "+++ b/../yolo.py"), "outside the tree: b/../yolo.py"),
        (("\n-c\n", "\n-c\n-x\n"), "Hunk is longer than expected"),
        (("\n-c\n", "\n"), "Hunk is shorter than expected"),
        (("\n+E\n", "\n+E\n-f\n"), "is neither an insertion nor context"),
    ],
)
def test_what_a_compatibility_patch_may_not(change, told):
    with pytest.raises(PatchError) as caught:
        # git's line names both files: without it, the two below it do
        _mending(("diff --git a/models/yolo.py b/models/yolo.py\nindex 1111111..2222222 100644\n", ""), change)
    assert told in " | ".join((caught.value.what, *caught.value.details))
    assert caught.value.hint
