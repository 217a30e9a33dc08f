"""What the scripts of a fork give to a training or a validation, where that is not the release's default."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from yolopatch.core.fork.changes import ADDED, AREAS, DATA, EVALUATION, NOTHING, FileChange
from yolopatch.core.fork.difference.affects.keys import known_areas
from yolopatch.core.fork.difference.leftovers import leftover
from yolopatch.core.fork.difference.yaml_files import read_yaml
from yolopatch.core.fork.models.mentions import code_of
from yolopatch.core.fork.packages import ULTRALYTICS, YOLOV5
from yolopatch.core.fork.scripts.models import Models, model_classes
from yolopatch.core.fork.scripts.scopes import Script
from yolopatch.core.fork.scripts.values import Given, Values
from yolopatch.core.fork.tree import ForkTree
from yolopatch.core.plain_yaml import PlainYamlError
from yolopatch.core.syntax import parse

_CALLS = ("train", "tune", "val")
_STARTS = re.compile(rb"\.(?:train|tune|val|run)\s*\(|\boverrides\b|--hyp\b")  # what no other script has
_UPSTREAMS = (
    ULTRALYTICS,
    "docs",
    "examples",
    "tests",
)  # folders of a copy of upstream with scripts that are not the author's
_SETTINGS = ("ultralytics/cfg/default.yaml", "ultralytics/yolo/cfg/default.yaml")
_HYPERPARAMETERS = ("data/hyps/hyp.scratch-low.yaml", "data/hyps/hyp.scratch.yaml", "data/hyp.scratch.yaml")
# What upstream's code takes in a validation where its file of settings has nothing, or another value.
_OF_VALIDATION = {"conf": 0.001, "rect": True}


@dataclass(frozen=True)
class Recommended:
    """A setting that a script gives, and that is not the release's default.

    Attributes:
        path: the file that has the value: the script, or a YAML that it reads.
        line: in it; 0 for a notebook.
        call: what gets it: `train`, `tune`, `val`.
        name: of the setting.
        value, default: as Python has them.
        affects: one or more of AREAS.
    """

    path: str
    line: int
    call: str
    name: str
    value: object
    default: object
    affects: tuple[str, ...]


def recommended(fork: ForkTree, base: Mapping[str, bytes], changes: Sequence[FileChange]) -> tuple[Recommended, ...]:
    """Return the settings of a fork's scripts that are not the release's default, by script and line.

    Args:
        fork: the fork.
        base: the release's files, by path.
        changes: what the fork changes, as `read_difference` gives it.
    """
    finder = _Finder.of(fork, base, changes)
    scripts = [(path, data) for path, data in (*_beside(fork), *_added(fork, base)) if _STARTS.search(data)]
    kept = [(path, data.decode("utf-8", "replace")) for path, data in scripts if not leftover(path)]
    found = [one for path, text in kept for one in finder.of_script(path, text)]
    return tuple(dict.fromkeys(found))


def _beside(fork: ForkTree) -> list[tuple[str, bytes]]:
    copies = tuple(f"{place}/{part}/".removeprefix("./") for place in fork.elsewhere for part in _UPSTREAMS)
    scripts = [(path, data) for path, data in fork.texts.items() if path.endswith((".py", ".ipynb"))]
    found = [(path, data) for path, data in scripts if not path.startswith(copies)]
    return sorted(found, key=lambda one: (one[0].count("/"), one[0]))


def _added(fork: ForkTree, base: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    """Return the scripts that an author put into the package; of yolov5, whose tree is the package, its own too."""
    top = f"{fork.place}/" if fork.place else ""
    return [
        (f"{top}{path}", data)
        for path, data in sorted(fork.files.items())
        if path.endswith(".py") and (path not in base or (fork.upstream == YOLOV5 and base[path] != data))
    ]


@dataclass(frozen=True)
class _Finder:
    """Finds the settings of one script after the other.

    Attributes:
        fork: the fork.
        told: the paths of the release's files: what a fork changes in them is told as a change.
        defaults: of the settings.
        own: what the settings affect that the fork adds.
        classes: as `model_classes` gives them.
    """

    fork: ForkTree
    told: frozenset[str]
    defaults: Mapping[str, object]
    own: Mapping[str, tuple[str, ...]]
    classes: frozenset[str]

    @classmethod
    def of(cls, fork: ForkTree, base: Mapping[str, bytes], changes: Sequence[FileChange]) -> _Finder:
        paths = _HYPERPARAMETERS if fork.upstream == YOLOV5 else _SETTINGS
        path = next((one for one in paths if one in base), "")
        # a setting that the fork adds has its default in the fork
        parts = [part for change in changes if change.path == path for part in change.parts]
        own = {part.name: part.affects for part in parts if part.kind == ADDED}
        theirs = _yaml_values(fork.files.get(path, b""))
        added = {name: theirs[name] for name in own if name in theirs}
        defaults = {**added, **_yaml_values(base.get(path, b""))}
        top = f"{fork.place}/" if fork.place else ""
        return cls(fork, frozenset(f"{top}{one}" for one in base), defaults, own, model_classes({**base, **fork.files}))

    def of_script(self, path: str, text: str) -> Iterator[Recommended]:
        """Yield what one script gives."""
        try:
            tree = parse(code_of(path, text))
        except SyntaxError:
            return
        script = Script(tree)
        values = Values(script, path, self._yaml_file)
        models = Models(script, self.classes)
        for call in script.calls:
            name, given = self._given(call, models, values)
            if name:
                yield from self._differing(name, given)

    def _given(self, call: ast.Call, models: Models, values: Values) -> tuple[str, dict[str, Given]]:
        """Return what a call starts, and the settings that it gets; ("", {}) for any other call."""
        if self.fork.upstream == YOLOV5:
            return self._given_to_yolov5(call, values)
        if isinstance(call.func, ast.Attribute) and call.func.attr in _CALLS and models.is_model(call.func.value):
            given = values.arguments(call)
            return call.func.attr, self._with_file(given, "cfg", values)
        overrides = next((one.value for one in call.keywords if one.arg == "overrides"), None)
        name = models.name_of(call.func)
        if overrides is None or not name:
            return "", {}
        return "val" if name.endswith("Validator") else "train", values.settings(overrides)

    def _given_to_yolov5(self, call: ast.Call, values: Values) -> tuple[str, dict[str, Given]]:
        """Return the hyperparameters of a file that is the default of `--hyp`, or that `train.run` gets."""
        given = values.arguments(call)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "run" and "hyp" in given:
            return "train", values.of_yaml(str(given["hyp"].value))
        options = [one.value for one in call.args if isinstance(one, ast.Constant)]
        if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument" and "--hyp" in options:
            return "train", self._path_of(call, values)
        return "", {}

    @staticmethod
    def _path_of(call: ast.Call, values: Values) -> dict[str, Given]:
        """Return the values of the file that an option has as its default; `ROOT / "a.yaml"` names one, too."""
        default = next((one.value for one in call.keywords if one.arg == "default"), None)
        texts = [one.value for one in ast.walk(default) if isinstance(one, ast.Constant)] if default else []
        named = next((one for one in texts if isinstance(one, str)), "")
        return values.of_yaml(named)

    @staticmethod
    def _with_file(given: dict[str, Given], key: str, values: Values) -> dict[str, Given]:
        """Return settings with those of the file that one of them names; what the call has itself comes first."""
        named = given.get(key)
        return (values.of_yaml(named.value) | given) if named and isinstance(named.value, str) else given

    def _differing(self, call: str, given: Mapping[str, Given]) -> Iterator[Recommended]:
        for name, one in given.items():
            affects = self._affects(name, call)
            default = _OF_VALIDATION.get(name, self.defaults.get(name)) if call == "val" else self.defaults.get(name)
            is_new = not (one.path in self.told and one.path.endswith((".yaml", ".yml")))
            if affects and is_new and name in self.defaults and not _equal(one.value, default):
                line = 0 if one.path.endswith(".ipynb") else one.line
                yield Recommended(one.path, line, call, name, one.value, default, affects)

    def _affects(self, name: str, call: str) -> tuple[str, ...]:
        """Return what a setting affects; empty for one without effect, and for what every run has to name."""
        areas = set(self.own.get(name) or known_areas(name) or ()) - {NOTHING}
        if name in ("data", "model") or not areas:
            return ()
        if call == "val":
            return (EVALUATION,) if name in ("batch", "imgsz", "fraction") or areas & {EVALUATION, DATA} else ()
        return tuple(area for area in AREAS if area in areas)

    def _yaml_file(self, named: str) -> tuple[str, str] | None:
        """Return a YAML of the fork by the end of its path; None where the fork does not have it, or has several."""
        wanted = named.replace("\\", "/").removeprefix("./").lstrip("/")
        top = f"{self.fork.place}/" if self.fork.place else ""
        every = {**{f"{top}{path}": data for path, data in self.fork.files.items()}, **self.fork.texts}
        for end in (wanted, wanted.rpartition("/")[2]):
            found = [path for path in every if path == end or path.endswith(f"/{end}")]
            if len(found) == 1:
                return found[0], every[found[0]].decode("utf-8", "replace")
        return None


def _yaml_values(data: bytes) -> Mapping[str, object]:
    try:
        return read_yaml(data.decode("utf-8", "replace")).values
    except PlainYamlError:
        return {}


def _equal(value: object, default: object) -> bool:
    """Tell whether two values of a setting do the same: 1 and 1.0, and nothing said in several ways."""
    return value == default or (_is_nothing(value) and _is_nothing(default))


def _is_nothing(value: object) -> bool:
    return value is None or value is False or value == ""
