"""An import goes down the layers only, and what runs elsewhere imports nothing of ours."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import yolopatch

PACKAGE = Path(yolopatch.__file__).parent
LAYERS = ("errors", "catalog", "core", "outside", "steps", "cli")
# run in an interpreter of their own, or written into upstream: nothing of yolopatch is there
ISLANDS = ("probe", "modules", "upstream")
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def _imported(file: Path) -> set[str]:
    """Return the parts of yolopatch that a file imports, inside functions, too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / file).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute here"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("yolopatch.")} - {"__version__"}


def _layer(file: Path) -> str:
    return file.parts[0].removesuffix(".py")


@pytest.mark.parametrize("file", [f for f in FILES if _layer(f) in LAYERS], ids=str)
def test_imports_go_down_only(file):
    allowed = LAYERS[: LAYERS.index(_layer(file)) + 1]
    assert _imported(file) <= set(allowed)


@pytest.mark.parametrize("file", [f for f in FILES if _layer(f) in ISLANDS], ids=str)
def test_what_runs_elsewhere_imports_nothing_of_ours(file):
    assert _imported(file) <= {"probe"} if file.parts[0] == "probe" else not _imported(file)


def test_every_file_belongs_to_a_layer():
    others = {_layer(file) for file in FILES} - {*LAYERS, *ISLANDS}
    assert others == {"__init__", "__main__", "maintain"}


def test_pure_core_touches_neither_disk_nor_network_nor_torch():
    outside_world = {"os", "subprocess", "git", "torch", "socket", "urllib", "shutil", "tempfile"}
    for file in FILES:
        if _layer(file) != "core":
            continue
        tree = ast.parse((PACKAGE / file).read_text())
        names = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {str(n.module).split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert not names & outside_world, file


def test_only_one_file_prints_and_only_one_runs_git():
    def calls(file: Path) -> set[str]:
        found = ast.walk(ast.parse((PACKAGE / file).read_text()))
        return {ast.unparse(node.func) for node in found if isinstance(node, ast.Call)}

    printing = {
        str(file)
        for file in FILES
        if _layer(file) not in ISLANDS and calls(file) & {"print", "click.echo", "sys.stdout.write"}
    }
    assert printing <= {"cli/report.py", "cli/run.py", "maintain/__main__.py"}
    running = {str(f) for f in FILES if any(call.endswith("Git") for call in calls(f))}
    assert running == {"outside/git.py"}
