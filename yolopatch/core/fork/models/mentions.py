"""Which models the scripts and texts of a fork name."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yolopatch.core.fork.packages import YOLOV5
from yolopatch.core.fork.tree import ForkTree
from yolopatch.core.syntax import parse

# A YAML, or weights that are called as their YAML is, with the folders before it.
_NAME = re.compile(r"(?P<folders>(?:[\w.+-]*/)*)(?P<file>[\w.+-]+\.(?:ya?ml|pt))\b")
_TRAINS = re.compile(r"\.train\s*\(")
# Upstream takes the letter of the scale out of a name before it looks for the file: yolov8n-x.yaml is yolov8-x.yaml.
_LETTER = re.compile(r"^(.*?\d)([nslmx])((?:-.+)?)$")
_MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)  # what a notebook tells its shell
_PYTHON, _NOTEBOOK = ".py", ".ipynb"
_TELLING = (_PYTHON, _NOTEBOOK, ".md", ".sh", ".bat", ".txt")  # of yolov5's files at the top


@dataclass(frozen=True)
class Mention:
    """A place that names a model.

    Attributes:
        stem: the name of its file, in lower case, without the ending and without the letter of a scale.
        letter: of the scale, "" without one.
        file: as the place names it, with folders: `cfg/models/yolov8n-x.yaml`.
        path: the file that names it.
        line: from 1; 0 where it is unknown.
        trains: whether the file is a script that trains.
    """

    stem: str
    letter: str
    file: str
    path: str
    line: int
    trains: bool

    @property
    def where(self) -> str:
        """The place, as a reader finds it."""
        return f"{self.path}, line {self.line}" if self.line else self.path


def stem_of(name: str) -> tuple[str, str]:
    """Return the name of a model's file without its ending, as two files are compared, and the letter of its scale."""
    stem = name.rpartition(".")[0].lower()
    found = _LETTER.match(stem)
    return (found[1] + found[3], found[2]) if found else (stem, "")


def mentions(fork: ForkTree, base: Mapping[str, bytes]) -> tuple[Mention, ...]:
    """Return where scripts and texts name YAMLs or weights: scripts that train first, then the others.

    They lie beside the package; of yolov5, whose tree is the package, at its top, where the release has some itself,
    which say nothing about the fork.

    Args:
        fork: the fork.
        base: the release's files, by path.
    """
    found = [one for path, data in fork.texts.items() for one in _of_file(path, _text(data))]
    if fork.upstream == YOLOV5:
        top = f"{fork.place}/" if fork.place else ""
        for path, data in fork.files.items():
            if "/" not in path and path.endswith(_TELLING):
                found += _of_file(f"{top}{path}", _text(data), _known(path, base))
    return tuple(sorted(found, key=lambda one: (not one.trains, one.path.count("/"), one.path, one.line)))


def _known(path: str, base: Mapping[str, bytes]) -> frozenset[str]:
    return frozenset(part for _, part in _parts(path, _text(base.get(path, b""))))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _of_file(path: str, text: str, known: frozenset[str] = frozenset()) -> Iterator[Mention]:
    """Yield the names in a file, without those in lines or texts in quotes that are known."""
    trains = path.endswith((_PYTHON, _NOTEBOOK)) and _TRAINS.search(code_of(path, text)) is not None
    for line, part in _parts(path, text):
        for name in _NAME.finditer(part.replace("\\", "/")) if part not in known else ():
            yield Mention(*stem_of(name["file"]), name[0], path, line if not path.endswith(_NOTEBOOK) else 0, trains)


def _parts(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield what can name a model in a file, with its line: texts in quotes of code, and each line of a text."""
    if path.endswith((".yaml", ".yml")):
        return
    is_code = path.endswith((_PYTHON, _NOTEBOOK))
    yield from _strings(code_of(path, text)) if is_code else enumerate(text.splitlines(), 1)


def code_of(path: str, text: str) -> str:
    """Return the Python code of a script or of a notebook's cells."""
    return _code_of_notebook(text) if path.endswith(_NOTEBOOK) else text


def _strings(text: str) -> Iterator[tuple[int, str]]:
    """Yield the texts in quotes of a Python file with their lines, not those of comments; every line of any other."""
    try:
        tree = parse(text)
    except SyntaxError:
        yield from ((number, line) for number, line in enumerate(text.splitlines(), 1) if line.lstrip()[:1] != "#")
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _code_of_notebook(text: str) -> str:
    """Return the code of a notebook's cells; "" for a file that is none."""
    try:
        cells = json.loads(text)["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return _MAGIC.sub(r"\1pass", "\n".join(code))
