"""What an error of `add` suggests is accepted when it is typed, and leads to a module or to a refusal that stands."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import yolopatch
from yolopatch.errors import YolopatchError
from yolopatch.outside.own.own_catalog import load_own_catalog
from yolopatch.steps.own.add import AddRequest, add

from .hint_inputs import LINES, SIBLINGS

PACKAGE = Path(yolopatch.__file__).parent
FOLDERS = ("core/paste", "steps/own/add.py")
_OPTION = re.compile(r'--([a-z]+)(?: ("[^"]*"|[^\s;,()]+))?')
_FIELDS = {"class": "symbol", "with": "siblings", "package": "packages"}
_MOST = 40  # typed commands for one input


@dataclass
class Walk:
    """What one input leads to: the errors on the way, and how each way ends."""

    folder: Path
    errors: list[tuple[AddRequest, YolopatchError]] = field(default_factory=list)
    modules: int = 0
    refusals: list[str] = field(default_factory=list)

    def follow(self, request: AddRequest, above: tuple[str, ...] = ()) -> None:
        """Type a request, then everything that its error suggests, each in its turn."""
        assert len(self.errors) + self.modules < _MOST, [error.what for _, error in self.errors]
        try:
            add(request, self.folder / "catalog", self.folder / "no-cache")
        except YolopatchError as error:
            self._go_on(request, error, above)
        else:
            self.modules += 1

    def _go_on(self, request: AddRequest, error: YolopatchError, above: tuple[str, ...]) -> None:
        self.errors.append((request, error))
        assert error.hint, error.what
        assert error.what not in above, f"{error.what!r} says {error.hint!r}, and that changes nothing"
        ways = list(self.typed(request, error.hint))
        if not ways:
            self.refusals.append(error.what)
        for option, way in ways:
            if way != request:
                self._accepted(option, way, (*above, error.what))

    def _accepted(self, option: str, request: AddRequest, above: tuple[str, ...]) -> None:
        before = len(self.errors)
        self.follow(request, above)
        if len(self.errors) > before:
            said = self.errors[before][1].what
            assert not said.startswith(f"--{option} "), f"{above[-1]!r} suggests what is refused: {said!r}"
            assert "unknown" not in said or option != "class", said

    def typed(self, request: AddRequest, hint: str) -> Iterator[tuple[str, AddRequest]]:
        """Yield each request that a hint suggests, and its last option; options side by side are one suggestion."""
        matches = list(_OPTION.finditer(hint))
        asked = request
        for number, match in enumerate(matches):
            option, given = match.groups()
            asked = self._with(asked, option, shlex.split(given.replace("...", "8"))[0] if given else "")
            following = matches[number + 1].start() if number + 1 < len(matches) else len(hint)
            if hint[match.end() : following].strip() or following == len(hint):
                yield option, asked
                asked = request

    def _with(self, request: AddRequest, option: str, value: str) -> AddRequest:
        name = _FIELDS.get(option, option)
        if name == "siblings":
            return replace(request, siblings=(*request.siblings, self.folder / value))
        if name == "packages":
            return replace(request, packages=(*request.packages, value))
        if name == "replace":
            return replace(request, replace=True)
        return replace(request, **{name: int(value) if name == "stride" else value})


def walk(case: str, folder: Path) -> Walk:
    text, options = LINES[case]
    folder.mkdir(exist_ok=True)
    file = folder / "Pasted.py"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, sibling in SIBLINGS.items():
        (folder / name).write_text(sibling, "utf-8")
    options = dict(options)
    found = Walk(folder)
    if options.pop("taken", False):
        add(AddRequest(file), folder / "catalog", folder / "no-cache")
        file.write_text(f"{text}\n# another\n", "utf-8")
    siblings = tuple(folder / name for name in options.pop("siblings", ()))
    try:
        found.follow(AddRequest(file, siblings=siblings, **options))
    finally:
        load_own_catalog(folder / "nothing")
    return found


@pytest.fixture
def sites(monkeypatch) -> set[tuple[str, int]]:
    """The lines of yolopatch on which errors were made."""
    found: set[tuple[str, int]] = set()
    made = YolopatchError.__init__

    def remember(self, *args, **kwargs):
        frame = sys._getframe(1)
        while frame:
            if Path(frame.f_code.co_filename).is_relative_to(PACKAGE):
                found.add((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back
        made(self, *args, **kwargs)

    monkeypatch.setattr(YolopatchError, "__init__", remember)
    return found


@pytest.mark.parametrize("case", LINES)
def test_what_an_error_suggests_leads_on(case, tmp_path):
    found = walk(case, tmp_path)
    assert found.modules or found.refusals


def test_only_a_class_with_a_place_is_suggested(tmp_path):
    alone = walk("two classes that fail", tmp_path / "one").errors[0][1]
    assert "--class" not in alone.hint
    beside = walk("a class that fails, one that is not clear, and one that works", tmp_path / "two").errors[0][1]
    assert beside.hint.endswith("or name another class of the file: --class Gate")


# what only a disk, a workspace, another program or a command without a file brings about
ELSEWHERE = (
    "yolopatch add MyConv.py",
    "advice(",
    "choose another pin with --repo",
    "copy the code from its source",
    "as `yolopatch add` stored it",
)


def hints() -> dict[tuple[str, int, int], str]:
    """Give every place that makes an error with a hint: its file, first and last line, and the hint's code."""
    files = [
        file
        for folder in FOLDERS
        for file in ([PACKAGE / folder] if folder.endswith(".py") else (PACKAGE / folder).rglob("*.py"))
    ]
    found = {}
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            given = [one.value for one in node.keywords if one.arg == "hint"] if isinstance(node, ast.Call) else []
            if given and not any(words in ast.unparse(given[0]) for words in ELSEWHERE):
                found[str(file), node.lineno, node.end_lineno] = ast.unparse(given[0])
    return found


@pytest.mark.more
def test_every_hint_is_walked(tmp_path, sites):
    for number, case in enumerate(LINES):
        walk(case, tmp_path / str(number))
    reached = {place for place in hints() for file, line in sites if file == place[0] and place[1] <= line <= place[2]}
    left = {
        f"{Path(place[0]).relative_to(PACKAGE)}:{place[1]}": hint
        for place, hint in hints().items()
        if place not in reached
    }
    assert not left, "\n".join(f"{place}: {hint}" for place, hint in left.items())


@pytest.mark.parametrize("case", ["a name of one pin's", "a block with a value that old blocks do not have"])
def test_what_is_said_of_one_pin_leads_on(case, tmp_path, cache, need_pin):
    need_pin("ultralytics-8.4.0")
    need_pin("yolov5-pypi-6.1.0")
    text, options = LINES[case]
    file = tmp_path / "Pasted.py"
    file.write_text(text, "utf-8")
    request = AddRequest(file, **options)
    refused = {pin.pin: pin.hint for pin in add(request, tmp_path / "own", cache).pins if pin.state == "refused"}
    assert refused
    for pin, hint in refused.items():
        ((_, typed),) = Walk(tmp_path).typed(request, hint)
        states = {one.pin: one.state for one in add(replace(typed, replace=True), tmp_path / "own", cache).pins}
        assert states[pin] == "ready", hint
    load_own_catalog(tmp_path / "nothing")
