"""Any subset of patches in any order gives one result, and what does not fit is said exactly."""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yolopatch.core.edits import Edit
from yolopatch.core.patch.compose import check_compiles, compose, touched
from yolopatch.core.patch.parsing import FileChange, Patch, parse_patch
from yolopatch.core.patch.patch_file import write_patch
from yolopatch.errors import PatchError

TEXT = "one\ntwo\nthree\n"


def _inserting(name: str, at: int, *lines: str, path: str = "f.py", text: str = TEXT) -> Patch:
    context = tuple(enumerate(text.splitlines(keepends=True)))
    return Patch(name, (FileChange(path, (Edit(path, at, "".join(lines)),), context, None),))


def _replacing(name: str, at: int, count: int, *lines: str) -> Patch:
    context = tuple(enumerate(TEXT.splitlines(keepends=True)))
    return Patch(name, (FileChange("f.py", (Edit("f.py", at, "".join(lines), count),), context, None),))


def _adding(name: str, path: str) -> Patch:
    return Patch(name, (FileChange(path, (), (), "new = 1\n"),))


def test_every_place_of_a_file_takes_insertions():
    patches = [_inserting("a", 0, "first\n"), _inserting("b", 3, "last\n"), _inserting("c", 1, "mid\n")]
    assert compose({"f.py": TEXT}, patches) == {"f.py": "first\none\nmid\ntwo\nthree\nlast\n"}


def test_at_a_shared_place_the_canonical_order_decides():
    patches = [_inserting("a", 1, "from a\n"), _inserting("b", 1, "from b\n")]
    assert compose({"f.py": TEXT}, patches) == {"f.py": "one\nfrom a\nfrom b\ntwo\nthree\n"}


def test_the_same_lines_from_two_patches_are_both_kept():
    patches = [_inserting("a", 1, "same\n"), _inserting("b", 1, "same\n")]
    assert compose({"f.py": TEXT}, patches)["f.py"].count("same\n") == 2


def test_what_is_inserted_around_replaced_lines_stays_around_them():
    around = [_inserting("b", 1, "before\n"), _inserting("c", 2, "after\n"), _inserting("d", 1, "before, too\n")]
    expected = {"f.py": "one\nbefore\nbefore, too\nTWO\n2\nafter\nthree\n"}
    assert compose({"f.py": TEXT}, [_replacing("a", 1, 1, "TWO\n", "2\n"), *around]) == expected
    assert compose({"f.py": TEXT}, [*around, _replacing("z", 1, 1, "TWO\n", "2\n")]) == expected


def test_replaced_lines_next_to_each_other():
    patches = [_replacing("a", 0, 1, "ONE\n"), _replacing("b", 1, 2, "rest\n")]
    assert compose({"f.py": TEXT}, patches) == {"f.py": "ONE\nrest\n"}


@pytest.mark.parametrize("other", [_inserting("other", 1, "x\n"), _replacing("other", 1, 1, "x\n")])
def test_a_change_inside_replaced_lines_is_refused(other):
    for patches in ([_replacing("compat", 0, 2, "new\n"), other], [other, _replacing("compat", 0, 2, "new\n")]):
        with pytest.raises(PatchError, match=r"the patches compat and other conflict with each other: f\.py") as caught:
            compose({"f.py": TEXT}, patches)
        assert caught.value.details == ("one replaces line 1, the other changes line 2",)


def test_edited_context_names_file_line_expected_and_found():
    with pytest.raises(PatchError) as caught:
        compose({"f.py": "one\nTWO\nthree\n"}, [_inserting("pin/M-paper.patch", 1, "x\n")])
    assert caught.value.what == "the patch pin/M-paper.patch does not match the pin: f.py, line 2"
    assert caught.value.details == ("expected: two", "found:    TWO")


def test_a_difference_in_white_space_can_be_seen():
    with pytest.raises(PatchError) as caught:
        compose({"f.py": "one\ntwo\r\nthree\n"}, [_inserting("p", 1, "x\n")])
    assert caught.value.details == (r"expected: 'two\n'", r"found:    'two\r\n'")


def test_context_beyond_the_end():
    with pytest.raises(PatchError, match="line 3") as caught:
        compose({"f.py": "one\ntwo\n"}, [_inserting("p", 1, "x\n")])
    assert caught.value.details[1] == "found:    (end of file)"


def test_a_file_that_the_pin_lacks():
    with pytest.raises(PatchError, match=r"does not match the pin: g\.py"):
        compose({}, [_inserting("p", 1, "x\n", path="g.py")])


def test_two_patches_that_add_the_same_file():
    with pytest.raises(PatchError, match=r"the patch b adds new\.py, but new\.py exists already"):
        compose({}, [_adding("a", "new.py"), _adding("b", "new.py")])


@pytest.mark.parametrize("path", ["nn/tasks.py", "nn", "nn/tasks.py/deeper.py"])
def test_an_added_file_takes_nothing_of_the_pin_away(path):
    with pytest.raises(PatchError, match=r"nn/tasks\.py exists already"):
        compose({}, [_adding("p", path)], ["nn/tasks.py"])


def test_form_feeds_and_other_separators_do_not_split_lines():
    text = "one\x0cstill one\ntwo\u2028still two\x85\n"
    patch = Patch("p", (FileChange("f", (Edit("f", 1, "x\n"),), ((0, "one\x0cstill one\n"),), None),))
    assert compose({"f": text}, [patch])["f"] == "one\x0cstill one\nx\ntwo\u2028still two\x85\n"


def test_touched_names_only_pristine_files():
    assert touched([_inserting("a", 0, "x\n"), _adding("b", "new.py")]) == ["f.py"]


@pytest.mark.parametrize("text", ["def f(:\n", "x = '\0'\n"])
def test_what_does_not_compile_is_named(text):
    with pytest.raises(PatchError, match=r"the patched nn/x\.py does not compile"):
        check_compiles({"nn/x.py": text, "readme.md": "def f(:\n"})


def test_old_escapes_of_upstream_give_no_warning(recwarn):
    check_compiles({"x.py": 'p = "\\d"\n'})
    assert not recwarn


# Property: random texts, random insertions, every subset and order.

_line = st.text(st.sampled_from("ab \t\x0cé"), max_size=3).map(lambda s: s + "\n")
_texts = st.lists(_line, min_size=1, max_size=12)


@st.composite
def _scenes(draw):
    lines = draw(_texts)
    count = draw(st.integers(1, 4))
    places = st.lists(st.tuples(st.integers(0, len(lines)), st.lists(_line, min_size=1, max_size=2)), max_size=3)
    return lines, [draw(places.filter(bool)) for _ in range(count)]


def _as_patch(lines: list[str], places: list[tuple[int, list[str]]]) -> str:
    added = [Edit("f.txt", at, "".join(new)) for at, new in {at: (at, new) for at, new in places}.values()]
    return write_patch("Add it", "", added, {"f.txt": "".join(lines)})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_scenes())
def test_any_subset_in_any_order_is_one_text(scene):
    lines, wanted = scene
    pristine = {"f.txt": "".join(lines)}
    patches = [parse_patch(_as_patch(lines, places), f"{n}.patch") for n, places in enumerate(wanted)]
    for size in range(1, len(patches) + 1):
        for subset in itertools.combinations(patches, size):
            texts = {
                compose(pristine, sorted(order, key=lambda p: p.name))["f.txt"]
                for order in itertools.permutations(subset)
            }
            assert len(texts) == 1
            _check_is_insertion_of_all(lines, subset, texts.pop())


def _check_is_insertion_of_all(lines: list[str], patches: tuple[Patch, ...], text: str) -> None:
    added = sum(len(i.lines) for p in patches for c in p.changes for i in c.edits)
    found = text.split("\n")[:-1]
    assert len(found) == len(lines) + added
    rest = iter(found)
    assert all(line.rstrip("\n") in rest for line in lines), "the pin's lines are there, in their order"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_scenes())
def test_sequential_git_apply_agrees_where_it_succeeds(scene):
    lines, wanted = scene
    diffs = [_as_patch(lines, places) for places in wanted]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "f.txt"
        file.write_bytes("".join(lines).encode())
        alone = compose({"f.txt": "".join(lines)}, [parse_patch(diffs[0], "0.patch")])["f.txt"]
        assert _git_apply(folder, diffs[0]), "a patch alone applies with plain git"
        assert file.read_bytes().decode() == alone
        # git finds a hunk again by its context: only where no context repeats is the place the patch's own
        if all(_git_apply(folder, diff) for diff in diffs[1:]) and len(set(lines)) == len(lines):
            patches = [parse_patch(diff, f"{n}.patch") for n, diff in enumerate(diffs)]
            together = compose({"f.txt": "".join(lines)}, patches)["f.txt"]
            assert sorted(file.read_bytes().decode().split("\n")) == sorted(together.split("\n"))


def _git_apply(folder: str, diff: str) -> bool:
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", "GIT_CEILING_DIRECTORIES": folder, "HOME": folder}
    return (
        subprocess.run(command, cwd=folder, input=diff.encode(), env=environment, capture_output=True).returncode == 0
    )
