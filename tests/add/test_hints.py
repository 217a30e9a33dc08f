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

PACKAGE = Path(yolopatch.__file__).parent
FOLDERS = ("core/paste", "steps/own/add.py")
HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
_OPTION = re.compile(r'--([a-z]+)(?: ("[^"]*"|[^\s;,()]+))?')
_FIELDS = {"class": "symbol", "with": "siblings", "package": "packages"}
_MOST = 40  # typed commands for one input


def module(
    arguments: str, body: str, forward: str, name: str = "Pasted", base: str = "nn.Module", imports: str = ""
) -> str:
    """Write a file with one class."""
    inside = "".join(f"        {line}\n" for line in body.split("; "))
    steps = "".join(f"        {line}\n" for line in forward.split("; "))
    return (
        f"{HEAD}{imports}\n\nclass {name}({base}):\n    def __init__(self, {arguments}):\n        super().__init__()\n"
        f"{inside}\n    def forward(self, x):\n{steps}"
    )


CONV = "self.conv = nn.Conv2d(c1, c2, k, s, k // 2)"
MID = "self.a = nn.Conv2d(in_chs, mid_chs, 1); self.b = nn.Conv2d(mid_chs, out_chs, 3, {s}, 1)"
PLAIN = module("c1, c2, k=3, s=1", CONV, "return self.conv(x)")
GATE = module("c", "self.fc = nn.Conv2d(c, c, 1)", "return x * torch.sigmoid(self.fc(x))")
FAILS = module("c", "self.fc = nn.Conv2d(7, c, 1)", "return x * torch.sigmoid(self.fc(x))")
PARTS = GATE.replace("Pasted", "Inner")
LINES = {
    "a middle width": (
        module("in_chs, mid_chs, out_chs, stride=1", MID.format(s="stride"), "return self.b(self.a(x))"),
        {},
    ),
    "a middle width and no stride": (
        module("in_chs, mid_chs, out_chs", MID.format(s="1"), "return self.b(self.a(x))"),
        {},
    ),
    "a middle width by name": (
        module("in_chs, *, mid_chs, out_chs", MID.format(s="1"), "return self.b(self.a(x))"),
        {},
    ),
    "names that say nothing": (module("foo, bar", "self.c = nn.Conv2d(foo, bar, 1)", "return self.c(x)"), {}),
    "a name that says nothing, kept": (
        module("foo", "self.c = nn.Conv2d(foo, foo, 1)", "return x * self.c(x).sigmoid()"),
        {},
    ),
    "heads of an attention": (
        module("dim, heads", "self.c = nn.Conv2d(dim, dim, 1, groups=heads)", "return x + self.c(x)"),
        {},
    ),
    "arguments of another kind": (GATE, {"args": "k"}),
    "arguments of another kind, named": (GATE, {"args": "c1", "like": "attention"}),
    "values of another kind": (PLAIN, {"args": "c1, c2, n"}),
    "values of a block for a gate": (GATE, {"args": "n", "like": "attention"}),
    "no arguments": (PLAIN, {"args": "c1, c2 c3"}),
    "two calls": (PLAIN, {"args": "c1)(c2"}),
    "code": (PLAIN, {"args": "c1, __import__('os')"}),
    "dots": (PLAIN, {"args": "c1, c2, ..."}),
    "an unknown argument": (PLAIN, {"args": "c1, c2, heads=3"}),
    "too many arguments": (GATE, {"args": "c1, c2, k, s"}),
    "an argument twice": (GATE, {"args": "c1, c=c1"}),
    "an unknown kind": (PLAIN, {"like": "Sppff"}),
    "an unknown class": (PLAIN, {"symbol": "Past"}),
    "a class that is none": (f"{PLAIN}\n\nclass Plain:\n    pass\n", {"symbol": "Plain"}),
    "two classes": (f"{PLAIN.replace('Pasted', 'One')}\n\n{GATE.replace('Pasted', 'Gate').removeprefix(HEAD)}", {}),
    "two classes that fail": (
        f"{FAILS}\n\n{FAILS.replace('Pasted', 'Other').removeprefix(HEAD)}",
        {"symbol": "Pasted"},
    ),
    "a class that fails, one that is not clear, and one that works": (
        f"{FAILS}\n\n{GATE.replace('Pasted', 'Gate').removeprefix(HEAD)}\n\n"
        + module("foo, bar", "self.c = nn.Conv2d(foo, bar, 1)", "return self.c(x)", "Open").removeprefix(HEAD),
        {"symbol": "Pasted"},
    ),
    "no class": (f"{HEAD}x = 3\n", {}),
    "no constructor": (f"{HEAD}\n\nclass Pasted(nn.Module):\n    def forward(self, x):\n        return x\n", {}),
    "a name that is none": (PLAIN, {"name": "my-conv"}),
    "a name of Windows": (PLAIN, {"name": "aux"}),
    "a name of upstream's": (PLAIN.replace("Pasted", "C3k2"), {}),
    "a name of a module": (PLAIN.replace("Pasted", "RefConv"), {}),
    "a name of one pin's": (PLAIN.replace("Pasted", "CBAM"), {}),
    "another file": (
        module("c", "self.i = Inner(c)", "return x * self.i(x)", imports="from .parts import Inner\n"),
        {},
    ),
    "another file, by a dotted name": (
        module("c", "self.i = Inner(c)", "return x * self.i(x)", imports="from model.attention.parts import Inner\n"),
        {},
    ),
    "another file that is not there": (
        module("c", "self.i = Inner(c)", "return x * self.i(x)", imports="from .gone import Inner\n"),
        {},
    ),
    "another file as a whole": (
        module("c", "self.i = Inner(c)", "return x * self.i(x)", imports="from .parts import *\n"),
        {},
    ),
    "a base in another file": (
        module(
            "c",
            "self.i = nn.Conv2d(c, c, 1)",
            "return x * self.i(x)",
            base="Inner",
            imports="from .parts import Inner\n",
        ),
        {},
    ),
    "a name that is nowhere": (module("c", "self.i = Gone(c)", "return x * self.i(x)"), {}),
    "another file without the name": (
        module("c", "self.i = Out(c)", "return x * self.i(x)", imports="from .parts import Out\n"),
        {"siblings": ("parts.py",)},
    ),
    "a name with two meanings": (
        module(
            "c",
            "self.i = Inner(c)",
            "return x * self.i(x)",
            imports="from .parts import Inner\n\ndef gate(x):\n    return x\n",
        ),
        {"siblings": ("twice.py",)},
    ),
    "a package that looks like a file": (
        module("c", "self.i = DCNv4.X(c)", "return x * self.i(x)", imports="import DCNv4\n"),
        {},
    ),
    "a call that no pin takes": (
        module(
            "c1, c2, k=3, s=1",
            "self.c = Conv(c1, c2, k, s, heads=4)",
            "return self.c(x)",
            imports="from .conv import Conv\n",
        ),
        {},
    ),
    "an up-sampler": (module("c", "self.c = nn.Conv2d(c, 4 * c, 1)", "return F.pixel_shuffle(self.c(x), 2)"), {}),
    "several maps": (
        module("c1, c2", "self.c = nn.Conv2d(c1, c2, 1)", "return self.c(torch.cat([x[0], x[1]], 1))"),
        {},
    ),
    "several maps, of a class that nobody follows": (
        module("c1, c2, foo", "self.c = foo(c1, c2)", "return self.c(torch.cat([x[0], x[1]], 1))"),
        {},
    ),
    "three maps": (
        module("inc, ouc", "self.c = nn.Conv2d(inc, ouc, 1)", "a, b, c = x; return self.c(torch.cat([a, b, c], 1))"),
        {},
    ),
    "no tensor": (
        module("c1, c2", "self.w = nn.Conv2d(c1, c2, 1)", "return self.w.weight").replace("self, x", "self"),
        {},
    ),
    "several maps, and a number that nobody follows": (
        module(
            "foo, bar, baz, qux",
            "self.c = nn.Conv2d(int(np.load(foo)), bar, baz, qux)",
            "return self.c(torch.cat([x[0], x[1]], 1))",
        ),
        {},
    ),
    "several maps that do not go": (
        module("c", "self.w = nn.Parameter(torch.ones(c))", "return self.w(x[0]) + self.w(x[1])"),
        {"like": "Concat"},
    ),
    "several maps and classes": (
        module(
            "num_classes, c", "self.c = nn.Conv2d(c, num_classes, 1)", "return [self.c(one) for one in (x[0], x[1])]"
        ),
        {},
    ),
    "two tensors": (PLAIN.replace("forward(self, x)", "forward(self, x, y)"), {}),
    "two tensors for a convolution": (PLAIN.replace("forward(self, x)", "forward(self, x, y)"), {"like": "Conv"}),
    "nothing returned": (PLAIN.replace("return self", "x = self"), {}),
    "a tuple": (PLAIN.replace("return self.conv(x)", "return self.conv(x), x"), {}),
    "channels last": (
        module("c", "self.n = nn.LayerNorm(c)", "B, H, W, C = x.shape; return x + self.n(x)"),
        {},
    ),
    "a network": (
        module(
            "in_chans=3, num_classes=10, dim=32",
            "self.s = nn.Conv2d(in_chans, dim, 4, 4); self.h = nn.Linear(dim, num_classes)",
            "return self.h(self.s(x).mean((2, 3)))",
        ),
        {},
    ),
    "a norm whose place is not clear": (
        module(
            "c1, c2, k=3, s=1, act=None",
            f"{CONV}; self.bn = nn.BatchNorm2d(c2); self.act = act",
            "return self.act(self.bn(self.conv(x)))",
        ),
        {},
    ),
    "output channels of a convolution": (PLAIN, {"outputs": "c2"}),
    "output channels that are none": (
        module("c", "self.c = nn.Conv2d(c, 4 * c, 1)", "return F.pixel_shuffle(self.c(x), 2)"),
        {"outputs": "c1 +", "like": "Upsample"},
    ),
    "output channels of a join": (
        module("", "self.n = 1", "return torch.cat(x, 1)").replace("self, )", "self)"),
        {"outputs": "k * 2", "like": "Concat"},
    ),
    "an argument by name only": (
        module("c, *, heads=4", "self.c = nn.Conv2d(c, c, 1, groups=heads)", "return x + self.c(x)"),
        {"args": "c1, heads=8", "like": "attention"},
    ),
    "a default that is no literal": (
        module("c, norm=nn.BatchNorm2d, heads=4", "self.n = norm(c)", "return x + self.n(x)"),
        {"args": "c1, heads=8", "like": "attention"},
    ),
    "a block with a value that old blocks do not have": (
        module("c1, c2, n=1, c3k=False", "self.c = nn.Conv2d(c1, c2, 1)", "return self.c(x)"),
        {"args": "c1, c2, n, c3k", "like": "C3k2"},
    ),
    "a loss in the place of a layer": (
        module("", "pass", "return F.mse_loss(x, y)").replace("self, x", "self, x, y").replace("self, )", "self)"),
        {"like": "Conv"},
    ),
    "a module before a head": (
        module(
            "ch, hidden",
            "pairs = ((nn.Conv2d(c, hidden, 1), nn.Conv2d(hidden, c, 1)) for c in ch);"
            " self.m = nn.ModuleList(nn.Sequential(*pair) for pair in pairs)",
            "return [m(one) for m, one in zip(self.m, x)]",
        ),
        {},
    ),
    "a loss": (
        f"{HEAD}\n\ndef iou(a, b):\n    inter = (torch.min(a[2], b[2]) - torch.max(a[0], b[0])).clamp(0)\n"
        "    return inter / ((a[2] - a[0]) + (b[2] - b[0]) - inter)\n",
        {},
    ),
    "broken Python": (PLAIN.replace("return self", "return return self"), {}),
    "a lost margin": (PLAIN.replace("        super", "super"), {}),
    "two meanings of a tab": (f"{PLAIN}\tgain = 3\n", {}),
    "a null byte": (f"{PLAIN}\0", {}),
    "another encoding": ((PLAIN + "# 门\n").encode("gb18030"), {}),
    "the same name again": (PLAIN, {"taken": True}),
}
SIBLINGS = {"parts.py": PARTS, "twice.py": f"{PARTS}\n\ndef gate(x):\n    return 2 * x\n"}


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


# what only a disk, a workspace or another program brings about
ELSEWHERE = (
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


@pytest.mark.slow
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
