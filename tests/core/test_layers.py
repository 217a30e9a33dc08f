"""The house: imports go down the layers and never in a circle, and what runs elsewhere imports nothing of ours."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import yolopatch

PACKAGE = Path(yolopatch.__file__).parent
LAYERS = ("errors", "wire", "catalog", "core", "outside", "steps", "api", "cli")
# run in an interpreter of their own, or written into upstream: no yolopatch is installed there
ISLANDS = ("probe", "modules", "upstream")
MOST_FILES = 16  # in a folder: what one can take in at a glance
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def _layer(file: Path) -> str:
    return file.parts[0].removesuffix(".py")


def _group(file: Path) -> str:
    """Return the subject folder in which a file lies, or the file itself, straight below its layer."""
    return "/".join(file.parts[:2]).removesuffix(".py")


def _tree(file: Path) -> ast.Module:
    return ast.parse((PACKAGE / file).read_text(encoding="utf-8"))


def _imported(file: Path) -> set[str]:
    """Return what a file imports, by full dotted names, inside functions, too."""
    found: set[str] = set()
    package = ("yolopatch", *file.parts[:-1])
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (above, node.module)))
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def _ours(file: Path) -> set[Path]:
    """Return the files of yolopatch that a file imports."""
    found = set()
    for name in _imported(file):
        parts = name.split(".")
        if parts[0] == "yolopatch":
            known = (Path(*parts[1:n]).with_suffix(".py") for n in range(len(parts), 1, -1))
            found |= {next((one for one in known if one in FILES), Path("__init__.py"))}
    return found - {Path("__init__.py")}


def _in(*layers: str) -> list[Path]:
    return [file for file in FILES if _layer(file) in layers]


@pytest.mark.parametrize("file", _in(*LAYERS), ids=str)
def test_imports_go_down_only(file):
    allowed = LAYERS[: LAYERS.index(_layer(file)) + 1]
    assert {_layer(other) for other in _ours(file)} <= set(allowed)


def _circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Return one way round for each node that can be reached from itself."""

    def back(start: str, node: str, way: list[str], seen: set[str]) -> list[str] | None:
        for other in sorted(edges.get(node, ())):
            if other == start:
                return [*way, start]
            if other not in seen:
                seen.add(other)
                found = back(start, other, [*way, other], seen)
                if found:
                    return found
        return None

    return [way for node in sorted(edges) if (way := back(node, node, [node], {node}))]


@pytest.mark.parametrize("layer", [*LAYERS[1:], "probe"])
def test_subjects_of_a_layer_do_not_import_each_other_in_a_circle(layer):
    edges: dict[str, set[str]] = {}
    for file in _in(layer):
        if file.name != "__main__.py":
            others = {_group(other) for other in _ours(file) if _layer(other) == layer}
            edges.setdefault(_group(file), set()).update(others - {_group(file)})
    assert _circles(edges) == []


def test_a_circle_would_be_seen():
    assert _circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c", "b"], ["c", "b", "c"]]


def test_the_wire_is_the_standard_library_alone_in_what_python_3_8_reads():
    for file in _in("wire"):
        roots = {name.split(".")[0] for name in _imported(file)}
        assert roots <= {*sys.stdlib_module_names, "yolopatch"}, file
        assert {_layer(other) for other in _ours(file)} <= {"wire"}, file
        ast.parse((PACKAGE / file).read_text(encoding="utf-8"), feature_version=(3, 8))


def _by_name(file: Path) -> set[str]:
    """Return what a file imports absolutely: the first parts of the names."""
    names = set()
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module))
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("file", _in(*ISLANDS), ids=str)
def test_what_runs_elsewhere_imports_nothing_of_ours_by_name(file):
    """The probe reaches its own files and the wire relatively: the name `yolopatch` may be somebody else's there."""
    assert "yolopatch" not in _by_name(file)
    allowed = {"probe", "wire"} if _layer(file) == "probe" else {_layer(file)}
    assert {_layer(other) for other in _ours(file)} <= allowed


def test_every_file_belongs_to_a_layer():
    others = {_layer(file) for file in FILES} - {*LAYERS, *ISLANDS}
    assert others == {"__init__", "__main__", "maintain"}


def test_no_folder_is_too_full():
    folders = {file.parent for file in FILES}
    full = {str(f): n for f in folders if (n := sum(one.parent == f for one in FILES)) > MOST_FILES}
    assert full == {}


def test_pure_core_touches_neither_network_nor_processes_nor_torch():
    outside_world = {"os", "subprocess", "git", "torch", "socket", "urllib", "shutil", "tempfile"}
    for file in _in("core"):
        assert not {name.split(".")[0] for name in _imported(file)} & outside_world, file


_READS = ("open", "read_text", "read_bytes", "is_file", "is_dir", "is_symlink", "exists", "stat", "lstat", "resolve")
_LISTS = ("iterdir", "glob", "rglob", "walk", "cwd")
_WRITES = ("write_text", "write_bytes", "touch", "mkdir", "rmdir", "unlink", "rename", "symlink_to", "chmod")
_FILE_METHODS = frozenset({*_READS, *_LISTS, *_WRITES})
_FILE_NAMES = frozenset({"open", "FileSystemLoader", "PackageLoader", "fileinput", "linecache", "importlib.resources"})
_ALLOWED = frozenset({"ast.walk"})  # a tree of nodes, no tree of folders


def _file_access(tree: ast.Module) -> set[str]:
    """Return what a file does with the disk: `Path` objects that it makes, methods of paths, loaders."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _FILE_METHODS:
            found.add(ast.unparse(node))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("Path", "PosixPath"):
            found.add(ast.unparse(node.func))
        elif isinstance(node, ast.Name) and node.id in _FILE_NAMES:
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            found |= {name for name in names if name in _FILE_NAMES}
    return found - _ALLOWED


@pytest.mark.parametrize("file", [*_in("core", "catalog", "errors")], ids=str)
def test_the_pure_core_and_the_catalog_read_no_file(file):
    """A caller reads, and gives text. Only `catalog/resources.py` reads, and only data that comes with the package."""
    if file == Path("catalog", "resources.py"):
        assert _file_access(_tree(file))
        return
    assert _file_access(_tree(file)) == set()
    if _layer(file) == "core":
        assert "pathlib.Path" not in _imported(file), "PurePath names a file and cannot touch it"


@pytest.mark.parametrize(
    "line",
    [
        "text = file.read_text()",
        "with open(name) as stream: pass",
        "read = file.read_bytes",
        "names = list(folder.iterdir())",
        "known = folder.joinpath('a').is_file()",
        "here = Path('.')",
        "here = pathlib.Path.cwd()",
        "from jinja2 import FileSystemLoader",
        "import importlib.resources",
        "import fileinput as f",
    ],
)
def test_a_file_access_would_be_seen(line):
    assert _file_access(ast.parse(line))


def test_names_of_files_and_trees_of_nodes_are_no_file_access():
    pure = "from pathlib import PurePath\nnode = [*ast.walk(tree)]\nname = PurePath('a').with_suffix('.py').name\n"
    assert _file_access(ast.parse(pure)) == set()


@pytest.mark.more
def test_only_one_file_prints_and_only_one_runs_git():
    def calls(file: Path) -> set[str]:
        return {ast.unparse(node.func) for node in ast.walk(_tree(file)) if isinstance(node, ast.Call)}

    printing = {
        str(file)
        for file in FILES
        if _layer(file) not in ISLANDS and calls(file) & {"print", "click.echo", "sys.stdout.write"}
    }
    assert printing <= {"cli/report.py", "cli/run.py", "maintain/__main__.py"}
    running = {str(f) for f in FILES if any(call.endswith("Git") for call in calls(f))}
    assert running == {"outside/git/command.py"}
