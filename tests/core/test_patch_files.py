"""The patches on disk: all there, no older than their sources, no more than they may be, and any fit together."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from yolopatch.catalog.checkpoint.stamps import STAMP_LINES
from yolopatch.catalog.environment.compat import COMPAT_FIXES
from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.environment.seeds import SEED_FIXES
from yolopatch.catalog.module import FLAVORS
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.names import fold
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import fix_file, patch_file, patches_dir, stamp_file
from yolopatch.core.own.patch import files_needed
from yolopatch.core.patch.compose import check_compiles, compose
from yolopatch.core.patch.parsing import Patch, parse_patch
from yolopatch.core.text import blob_id
from yolopatch.maintain.patches import flavors_of, render_fixes, render_patch, render_stamp

ALL = [(pin, one.name, flavor) for pin in PINS for one in MODULES.values() for flavor in flavors_of(PINS[pin], one)]
# these are in one workspace in every combination
OF_TUTORIALS = [one.name for one in MODULES.values() if one.tutorial]
every_patch = pytest.mark.parametrize(("pin", "module", "flavor"), ALL)
every_pin = pytest.mark.parametrize("pin", PINS)
every_fixed_pin = pytest.mark.parametrize("pin", [name for name in PINS if COMPAT_FIXES[name]])
every_flavor = pytest.mark.parametrize("flavor", FLAVORS)


def _patch(pin: str, module: str, flavor: str) -> Patch:
    file = patch_file(pin, module, flavor)
    return parse_patch(file.read_text(), file.name)


def _mending(pin: str) -> Patch:
    file = fix_file(pin, "compat")
    return parse_patch(file.read_text(), file.name, modifies=True)


def _stamping(pin: str) -> Patch:
    file = stamp_file(pin)
    return parse_patch(file.read_text(), file.name)


def _originals(tree: Path, pin: str) -> dict[str, str]:
    layout = PINS[pin].layout
    paths = {layout.parser, layout.common, *(change.path for change in (*COMPAT_FIXES[pin], *STAMP_LINES[pin]))}
    paths |= {path for module in MODULES.values() for path in files_needed(PINS[pin], module)}
    return {path: (tree / path).read_bytes().decode() for path in paths if (tree / path).is_file()}


def _in_order(modules: Iterable[str]) -> list[str]:
    return sorted(modules, key=fold)


def test_there_is_every_patch_and_no_other_file():
    expected = {patch_file(*choice) for choice in ALL} | {fix_file(pin, "compat") for pin in PINS if COMPAT_FIXES[pin]}
    expected |= {stamp_file(pin) for pin in PINS} | {fix_file(pin, "seeds") for pin in PINS if SEED_FIXES[pin]}
    assert {path for path in patches_dir().rglob("*") if path.is_file()} == expected
    some = (*COMPAT_FIXES.values(), *SEED_FIXES.values())
    assert len(expected) == len(ALL) + sum(map(bool, some)) + len(PINS)


@every_patch
def test_a_patch_is_what_the_single_source_gives(pin, module, flavor, pristine_tree):
    originals = _originals(pristine_tree(pin), pin)
    written = render_patch(PINS[pin], MODULES[module], flavor, originals)
    assert patch_file(pin, module, flavor).read_text() == written, "older than its source: run `make patches`"


@every_fixed_pin
def test_a_compatibility_patch_is_what_the_mends_give(pin, pristine_tree):
    written = render_fixes(PINS[pin], COMPAT, _originals(pristine_tree(pin), pin))
    assert fix_file(pin, "compat").read_text() == written, "older than catalog/mends.py: run `make patches`"


@every_pin
def test_a_stamps_patch_is_what_its_places_give(pin, pristine_tree):
    written = render_stamp(PINS[pin], _originals(pristine_tree(pin), pin))
    assert stamp_file(pin).read_text() == written, "older than its sources: run `make patches`"


@every_patch
def test_a_patch_only_inserts_and_says_what_it_is(pin, module, flavor):
    file = patch_file(pin, module, flavor)
    text = file.read_text()
    diff = text[text.index("diff --git ") :].splitlines()
    assert not [line for line in diff if line.startswith("-") and not line.startswith("--- ")]
    assert f"Subject: [PATCH] Add {module} ({flavor}) to {pin}" in text
    assert MODULES[module].paper in text
    assert (file.parent.name, file.name) == (pin, f"{module}-{flavor}.patch")


@every_patch
def test_a_patch_touches_only_what_the_manifest_guards(pin, module, flavor):
    for change in _patch(pin, module, flavor).changes:
        assert change.new is not None or PINS[pin].layout.is_critical(change.path)


@pytest.fixture(scope="session")
def scratch(pristine_tree, tmp_path_factory, git_in):
    """Give a clone of a pin's pristine files that a test may change; it is reset each time."""
    made: dict[str, Path] = {}

    def fresh(pin: str) -> Path:
        if pin not in made:
            made[pin] = tmp_path_factory.mktemp("scratch") / pin
            git_in(Path.cwd(), "clone", "-q", "--shared", str(pristine_tree(pin)), str(made[pin]))
            git_in(made[pin], "tag", "pin")
        git_in(made[pin], "reset", "-q", "--hard", "pin")
        git_in(made[pin], "clean", "-qfdx")
        return made[pin]

    return fresh


@every_patch
def test_a_patch_alone_applies_with_git_apply_and_git_am(pin, module, flavor, scratch, git_in):
    tree = scratch(pin)
    file = patch_file(pin, module, flavor)
    patch = _patch(pin, module, flavor)
    git_in(tree, "apply", "--index", "--whitespace=nowarn", str(file))
    composed = compose(_originals_at(tree), [patch])
    for path, text in composed.items():
        assert (tree / path).read_bytes() == text.encode()
    names = git_in(tree, "diff", "--cached", "--name-only").split()
    assert sorted(names) == sorted(composed)
    applied = git_in(tree, "write-tree")
    git_in(tree, "reset", "-q", "--hard", "pin")
    subprocess.run(
        ["git", "-C", str(tree), "-c", "user.name=U", "-c", "user.email=u@example.org", "am", "-q", str(file)],
        check=True,
        capture_output=True,
    )
    assert git_in(tree, "rev-parse", "HEAD^{tree}") == applied
    assert git_in(tree, "log", "-1", "--format=%an %s").startswith(f"yolopatch Add {module} ({flavor})")


@every_fixed_pin
def test_a_compatibility_patch_alone_applies_with_git_apply_and_git_am(pin, scratch, git_in, pristine_tree):
    _apply_alone(fix_file(pin, "compat"), _mending(pin), scratch(pin), _originals(pristine_tree(pin), pin), git_in)


@every_pin
def test_a_stamps_patch_alone_applies_with_git_apply_and_git_am(pin, scratch, git_in, pristine_tree):
    _apply_alone(stamp_file(pin), _stamping(pin), scratch(pin), _originals(pristine_tree(pin), pin), git_in)


def _apply_alone(file: Path, patch: Patch, tree: Path, originals: dict[str, str], git_in) -> None:
    composed = compose(originals, [patch])
    git_in(tree, "apply", "--index", str(file))
    assert sorted(git_in(tree, "diff", "--cached", "--name-only").split()) == sorted(composed)
    for path, text in composed.items():
        assert (tree / path).read_bytes() == text.encode()
        assert f"..{blob_id(text.encode())}" in file.read_text(), "the index lines name the real blobs"
    applied = git_in(tree, "write-tree")
    git_in(tree, "reset", "-q", "--hard", "pin")
    git_in(tree, "am", "-q", str(file))
    assert git_in(tree, "rev-parse", "HEAD^{tree}") == applied


def _originals_at(tree: Path) -> dict[str, str]:
    shown = subprocess.run(["git", "-C", str(tree), "ls-files", "*.py"], check=True, capture_output=True, text=True)
    wanted = {path for pin in PINS.values() for one in MODULES.values() for path in files_needed(pin, one)}
    command = ["git", "-C", str(tree), "show"]
    return {
        path: subprocess.run([*command, f"pin:{path}"], check=True, capture_output=True).stdout.decode()
        for path in wanted & set(shown.stdout.split())
    }


@every_patch
def test_the_index_lines_name_the_real_blobs(pin, module, flavor, pristine_tree):
    text = patch_file(pin, module, flavor).read_text()
    originals = _originals(pristine_tree(pin), pin)
    composed = compose(originals, [_patch(pin, module, flavor)])
    for path, new in composed.items():
        old = blob_id(originals[path].encode()) if path in originals else "0" * 40
        assert f"index {old}..{blob_id(new.encode())}" in text


@every_flavor
@every_pin
def test_every_subset_composes_and_compiles(pin, flavor, pristine_tree):
    _compile_every_subset(pin, flavor, [], pristine_tree(pin))


@every_fixed_pin
def test_every_subset_composes_and_compiles_with_the_mends(pin, pristine_tree):
    _compile_every_subset(pin, "paper", [_mending(pin)], pristine_tree(pin))


def _compile_every_subset(pin: str, flavor: str, mending: list[Patch], tree: Path) -> None:
    originals = _originals(tree, pin)
    compiled: set[str] = set()
    for size in range(len(OF_TUTORIALS) + 1):
        for subset in itertools.combinations(_in_order(OF_TUTORIALS), size):
            chosen = [_patch(pin, module, flavor) for module in subset]
            texts = compose(originals, [*mending, *chosen, _stamping(pin)])
            check_compiles({path: text for path, text in texts.items() if text not in compiled})
            compiled |= set(texts.values())
            for module in subset:
                assert any(f"class {MODULES[module].bare}(" in text for text in texts.values())


@every_pin
def test_flavors_mix_across_modules(pin, pristine_tree):
    originals = _originals(pristine_tree(pin), pin)
    for first, second in itertools.permutations(_in_order(OF_TUTORIALS), 2):
        modules = _in_order((first, second))
        texts = compose(originals, [_patch(pin, m, "paper" if m == first else "tutorial") for m in modules])
        check_compiles(texts)


@every_patch
def test_every_other_module_composes_with_those_of_the_tutorials(pin, module, flavor, pristine_tree):
    names = _in_order({*OF_TUTORIALS, module})
    patches = [_patch(pin, name, flavor if name == module else "paper") for name in names]
    check_compiles(compose(_originals(pristine_tree(pin), pin), [*patches, _stamping(pin)]))


@every_pin
def test_no_two_modules_define_a_class_twice(pin, pristine_tree):
    originals = _originals(pristine_tree(pin), pin)
    for flavor in FLAVORS:
        texts = compose(originals, [_patch(pin, module, flavor) for module in _in_order(OF_TUTORIALS)])
        for path, text in texts.items():
            names = [line.split("(")[0].split(":")[0] for line in text.split("\n") if line.startswith("class ")]
            assert len(names) == len(set(names)), path
