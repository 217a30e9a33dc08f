"""Finds what scripts and commands give to a training or a validation of an upstream."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from yolopatch.core.fork.changes import ADDED, AREAS, DATA, EVALUATION, NOTHING, FileChange
from yolopatch.core.fork.difference.affects.keys import known_areas
from yolopatch.core.fork.difference.yaml_files import read_yaml
from yolopatch.core.fork.models.mentions import code_of
from yolopatch.core.fork.packages import YOLOV5
from yolopatch.core.fork.scripts.commands import (
    SHELL,
    TEXTS,
    Command,
    given_to,
    of_yolo,
    options_of,
    value_of,
)
from yolopatch.core.fork.scripts.models import Models, model_classes
from yolopatch.core.fork.scripts.scopes import Script
from yolopatch.core.fork.scripts.values import Given, Values
from yolopatch.core.fork.scripts.yolov5 import ReleaseScript, release_scripts, script_like
from yolopatch.core.fork.tree import ForkTree
from yolopatch.core.plain_yaml import PlainYamlError
from yolopatch.core.syntax import parse

_CALLS = ("train", "tune", "val")
_SETTINGS = ("ultralytics/cfg/default.yaml", "ultralytics/yolo/cfg/default.yaml")
_HYPERPARAMETERS = ("data/hyps/hyp.scratch-low.yaml", "data/hyps/hyp.scratch.yaml", "data/hyp.scratch.yaml")
# What upstream's code takes in a validation where its file of settings has nothing, or another value.
_OF_VALIDATION = {"conf": 0.001, "rect": True}
_TOLD_OF_VALIDATION = ("batch", "batch_size", "imgsz", "img_size", "fraction")  # beside what affects the evaluation


@dataclass(frozen=True)
class Recommended:
    """A setting that a script or a command gives, and that is not the release's default.

    Attributes:
        path: the file that has the value: the script, a YAML that it reads, or the text with a command.
        line: in it; 0 for a notebook.
        call: what gets it: `train`, `tune`, `val`.
        name: of the setting.
        value, default: as Python has them.
        affects: one or more of AREAS.
        is_of_command: whether a command line gives it, in a shell script or a text.
        also: the other places that give the same value, `val.py:12`.
    """

    path: str
    line: int
    call: str
    name: str
    value: object
    default: object
    affects: tuple[str, ...]
    is_of_command: bool = False
    also: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The place, as a reader finds it."""
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True)
class Finder:
    """Finds the settings of one script or command after the other.

    Attributes:
        fork: the fork.
        told: the paths of the release's files: what a fork changes in them is told as a change.
        defaults: of the settings.
        own: what the settings affect that the fork adds.
        classes: as `model_classes` gives them.
        scripts: those of yolov5's release, by path.
    """

    fork: ForkTree
    told: frozenset[str]
    defaults: Mapping[str, object]
    own: Mapping[str, tuple[str, ...]]
    classes: frozenset[str]
    scripts: Mapping[str, ReleaseScript]

    @classmethod
    def of(cls, fork: ForkTree, base: Mapping[str, bytes], changes: Sequence[FileChange]) -> Finder:
        """Return what finds the settings of a fork; the arguments are those of `recommended`."""
        paths = _HYPERPARAMETERS if fork.upstream == YOLOV5 else _SETTINGS
        path = next((one for one in paths if one in base), "")
        # a setting that the fork adds has its default in the fork
        parts = [part for change in changes if change.path == path for part in change.parts]
        own = {part.name: part.affects for part in parts if part.kind == ADDED}
        theirs = _yaml_values(fork.files.get(path, b""))
        added = {name: theirs[name] for name in own if name in theirs}
        return cls(
            fork=fork,
            told=frozenset(f"{_top(fork)}{one}" for one in base),
            defaults={**added, **_yaml_values(base.get(path, b""))},
            own=own,
            classes=model_classes({**base, **fork.files}),
            scripts=release_scripts(base) if fork.upstream == YOLOV5 else {},
        )

    def of_script(self, path: str, text: str, options: Mapping[str, Given] | None = None) -> Iterator[Recommended]:
        """Yield what one script gives.

        Args:
            path: of the script.
            text: its content, also that of a notebook.
            options: what a command gives to its options.
        """
        script = _script(path, text)
        if script is None:
            return
        values = Values(script, path, self._file, options or {})
        models = Models(script, self.classes)
        calls = script.calls if self.fork.upstream == YOLOV5 or models.imported else ()
        for call in calls:
            name, given = self._given(call, models, values)
            if name:
                yield from self._differing(name, given)
        if self.fork.upstream == YOLOV5 and path not in self.told:
            release = script_like(self.scripts, self._below(path), tuple(options_of(script.calls)))
            if release is not None and release.mode:
                yield from self._differing(release.mode, values.defaults(), release.defaults)

    def of_command(self, command: Command) -> Iterator[Recommended]:
        """Yield what a command gives; one of a text, which may be upstream's, has to name a YAML of the fork."""
        if not command.path.endswith(SHELL) and not any(map(self._is_own, command.files)):
            return
        mode, pairs = of_yolo(command)
        if mode and self.fork.upstream != YOLOV5:
            given = {key: Given(value_of(one.text), command.path, one.line) for key, one in pairs.items()}
            yield from self._differing(mode, self._with_file(given, "cfg", self._no_script(command)))
        elif command.script:
            yield from self._of_command_with_script(command)

    def _of_command_with_script(self, command: Command) -> Iterator[Recommended]:
        found = self._file(command.script)
        script = _script(*found) if found else None
        if found is None or script is None:
            return
        path, text = found
        options = tuple(options_of(script.calls))
        given = {key: Given(one, command.path, line) for key, (one, line) in given_to(options, command).items()}
        if self.fork.upstream != YOLOV5:
            yield from self._by_options(command, path, text, given)
            return
        release = script_like(self.scripts, self._below(path), options)
        if release is not None and release.mode:
            yield from self._differing(release.mode, given, release.defaults)
        if release is not None and release.mode == "train" and "hyp" in given:
            yield from self._differing("train", self._no_script(command).of_yaml(str(given["hyp"].value)))

    def _by_options(self, command: Command, path: str, text: str, given: Mapping[str, Given]) -> Iterator[Recommended]:
        """Yield what a script gives with the options of a command, and does not give without them."""
        alone = {(one.call, one.name, repr(one.value)) for one in self.of_script(path, text)}
        for one in self.of_script(path, text, given):
            if (one.call, one.name, repr(one.value)) not in alone:
                line = given[one.name].line if one.name in given else command.words[0].line
                yield replace(one, path=command.path, line=line, is_of_command=True)

    def _no_script(self, command: Command) -> Values:
        """Return what reads the YAMLs that a command names."""
        return Values(Script(ast.Module([], [])), command.path, self._file)

    def _given(self, call: ast.Call, models: Models, values: Values) -> tuple[str, dict[str, Given]]:
        """Return what a call starts, and the settings that it gets; ("", {}) for any other call."""
        if self.fork.upstream == YOLOV5:
            return self._given_to_yolov5(call, values)
        if not call.keywords:
            return "", {}
        # or one that is handed the method: partial(model.train, epochs=3), Thread(target=model.train, kwargs={...})
        handed = [call.func, *call.args, *(one.value for one in call.keywords if one.arg in ("target", "func"))]
        method = next((one for one in map(models.method_of, handed) if one in _CALLS), "")
        if method:
            inside = [values.settings(one.value) for one in call.keywords if one.arg in ("kwargs", "kwds")]
            given = {key: one for part in (values.arguments(call), *inside) for key, one in part.items()}
            return method, self._with_file(given, "cfg", values)
        overrides = next((one.value for one in call.keywords if one.arg == "overrides"), None)
        name = models.name_of(call.func)
        if overrides is None or not name:
            return "", {}
        return "val" if name.endswith("Validator") else "train", values.settings(overrides)

    def _given_to_yolov5(self, call: ast.Call, values: Values) -> tuple[str, dict[str, Given]]:
        """Return the hyperparameters of a file that is the default of `--hyp`, or that `train.run` gets."""
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        given = values.arguments(call) if method == "run" else {}
        if "hyp" in given:
            return "train", values.of_yaml(str(given["hyp"].value))
        options = [one.value for one in call.args if isinstance(one, ast.Constant)]
        if method == "add_argument" and "--hyp" in options:
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

    def _differing(
        self, call: str, given: Mapping[str, Given], defaults: Mapping[str, object] | None = None
    ) -> Iterator[Recommended]:
        known = self.defaults if defaults is None else defaults
        for name, one in given.items():
            affects = self._affects(name, call)
            default = known.get(name)
            if call == "val" and self.fork.upstream != YOLOV5:
                default = _OF_VALIDATION.get(name, default)
            is_new = not (one.path in self.told and one.path.endswith((".yaml", ".yml")))
            if affects and is_new and name in known and not _equal(one.value, default):
                line = 0 if one.path.endswith(".ipynb") else one.line
                is_of_command = one.path.endswith((*SHELL, *TEXTS)) and not one.path.endswith(".ipynb")
                yield Recommended(one.path, line, call, name, one.value, default, affects, is_of_command)

    def _affects(self, name: str, call: str) -> tuple[str, ...]:
        """Return what a setting affects; empty for one without effect, and for what every run has to name."""
        areas = set(self.own.get(name) or known_areas(name) or ()) - {NOTHING}
        if name in ("data", "model") or not areas:
            return ()
        if call == "val":
            is_told = name in _TOLD_OF_VALIDATION or areas & {EVALUATION, DATA}
            return (EVALUATION,) if is_told else ()
        return tuple(area for area in AREAS if area in areas)

    def _below(self, path: str) -> str:
        """Return a path in the package."""
        return path.removeprefix(_top(self.fork))

    def _is_own(self, named: str) -> bool:
        """Tell whether the fork alone has a YAML."""
        found = self._file(named)
        return found is not None and found[0] not in self.told

    def _file(self, named: str) -> tuple[str, str] | None:
        """Return a file of the fork by the end of its path; None where the fork does not have it, or has several."""
        wanted = named.replace("\\", "/").removeprefix("./").lstrip("/")
        top = _top(self.fork)
        every = {**{f"{top}{path}": data for path, data in self.fork.files.items()}, **self.fork.texts}
        for end in (wanted, wanted.rpartition("/")[2]):
            found = [path for path in every if path == end or path.endswith(f"/{end}")]
            exact = [path for path in found if path in (end, f"{top}{end}")]
            if len(exact or found) == 1:
                path = (exact or found)[0]
                return path, every[path].decode("utf-8", "replace")
        return None


def _top(fork: ForkTree) -> str:
    """Return what the paths of a fork's package begin with."""
    return f"{fork.place}/" if fork.place else ""


def _script(path: str, text: str) -> Script | None:
    try:
        return Script(parse(code_of(path, text)))
    except SyntaxError:
        return None


def _yaml_values(data: bytes) -> Mapping[str, object]:
    try:
        return read_yaml(data.decode("utf-8", "replace")).values
    except PlainYamlError:
        return {}


def _equal(value: object, default: object) -> bool:
    """Tell whether two values of a setting do the same: 1 and 1.0, and nothing said in several ways."""
    if isinstance(default, list) and not isinstance(value, list):  # of yolov5's --img-size, one stands for both
        return bool(default) and all(_equal(value, one) for one in default)
    return value == default or (_is_nothing(value) and _is_nothing(default))


def _is_nothing(value: object) -> bool:
    return value is None or value is False or value == ""
