"""What a release may have changed so that a patch goes on and is wrong all the same: each is told as a conflict."""

from __future__ import annotations

import textwrap

import pytest

from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import patch_file, stamp_file
from yolopatch.core.port.contract import check_base, check_classes, check_conv, check_taken, syntax_conflict
from yolopatch.core.port.porting import CONFLICT, PORTED, STAMP, THERE
from yolopatch.outside.source.releases import Release
from yolopatch.steps.port.port import as_pin, port_all

TASKS, BLOCK, CONV = (f"ultralytics/nn/{name}.py" for name in ("tasks", "modules/block", "modules/conv"))
TRAINER, YAML = "ultralytics/engine/trainer.py", "ultralytics/cfg/models/26/yolo26.yaml"


@pytest.fixture
def ported(files):
    """Port modules to a release with these edits; gives the outcomes."""

    def run(edits=None, modules=("SPConv",), pin="ultralytics-8.4.0"):
        release = Release("ultralytics-8.4.7", "8.4.7", "a test", files(edits, pin))
        return port_all(as_pin(release, PINS[pin]), release, [MODULES[name] for name in modules])

    return run


@pytest.mark.more
@pytest.mark.parametrize("pin", [name for name, pin in PINS.items() if pin.upstream == "ultralytics"])
def test_an_unchanged_release_gets_our_own_patches(pin, ported):
    outcomes = ported(modules=tuple(MODULES), pin=pin)
    assert [one.status for one in outcomes] == [PORTED] * (sum(len(one.flavors) for one in MODULES.values()) + 1)
    for one in outcomes:
        file = stamp_file(pin) if one.module == STAMP else patch_file(pin, one.module, one.flavor)
        assert one.patch.replace("ultralytics-8.4.7", pin) == file.read_text()


def _swap(path: str, text: str, old: str, new: str) -> dict[str, dict[str, str]]:
    return {path: {text: text.replace(old, new)}}


_SCALED = "c2 = make_divisible(min(c2, max_channels) * width, 8)"
_FUSED = 'isinstance(m, (Conv, Conv2, DWConv)) and hasattr(m, "bn")'
_CONV_INIT = 'p=None, g=1, d=1, act=True):\n        """Initialize Conv layer'
_LOOP = "for m in self.model.modules():\n                if isinstance(m, (Conv"
_BOTTLENECK = "g: int = 1, k: tuple[int, int] = (3, 3), e: float = 0.5"

# What changed upstream, then the contract, what ours expects, and what is there.
CHANGED = {
    "channels are no longer capped": (
        _swap(TASKS, _SCALED, "min(c2, max_channels)", "c2"),
        ("the branch for Conv", "min(c2, max_channels)", "make_divisible(c2 * width, 8)"),
    ),
    "the repeats go elsewhere": (
        _swap(TASKS, "args.insert(2, n)", "2", "3"),
        ("the branch for C3k2", "args.insert(2, n)", "args.insert(3, n)"),
    ),
    "the block of large scales is told one thing more": (
        {TASKS: {"args[3] = True": "args[3] = True\n                    wide = True"}},
        ("the branch for C3k2", "args[3] = True", "args[3] = True wide = True"),
    ),
    "the block is in another branch": (
        _swap(TASKS, "C3k2,\n            RepNCSPELAN4", "C3k2,", ""),
        ("the branch for C3k2", "C3k2 in the first test on m", "not C3k2"),
    ),
    "a constructor has one argument more": (
        {BLOCK: {"attn: bool = False,": "attn: bool = False,\n        h: int = 1,"}},
        ("the constructor of C3k2", "attn=False, g=1", "attn=False, h=1, g=1"),
    ),
    "a default is another": (
        _swap(BLOCK, _BOTTLENECK, "0.5", "0.25"),
        ("the constructor of Bottleneck", "e=0.5", "e=0.25"),
    ),
    "a block is built of something else": (
        _swap(BLOCK, "self.cv2 = Conv(c_, c2, k[1], 1, g=g)\n        self.add", "Conv(", "DWConv("),
        ("the constructor of Bottleneck: self.cv2", "Conv(c_, c2, k[1], 1, g=g)", "DWConv(c_, c2, k[1], 1, g=g)"),
    ),
    "a class is gone": (
        _swap(BLOCK, "class C3k(C3)", "C3k", "C3kk"),
        ("the class C3k", "class C3k", "no such class"),
    ),
    "Conv takes other arguments": (
        _swap(CONV, _CONV_INIT, "p=None, g=1", "g=1, p=None"),
        ("the constructor of Conv", "p=None, g=1", "g=1, p=None"),
    ),
    "Conv has no BatchNorm": (
        _swap(CONV, "self.bn = nn.BatchNorm2d(c2)", "bn = nn.BatchNorm2d(c2)", "norm = nn.GroupNorm(1, c2)"),
        ("the bn of Conv", "self.bn = nn.BatchNorm2d(...)", "nothing"),
    ),
    "fuse asks no longer whether there is a BatchNorm": (
        _swap(TASKS, _FUSED, ' and hasattr(m, "bn")', ""),
        ("the fusion of Conv", "hasattr(m, 'bn')", "isinstance(m, (Conv, Conv2, DWConv))"),
    ),
    "fuse goes another way": (
        _swap(TASKS, _LOOP, "self.model.modules()", "self.parts()"),
        ("the loop `for m in ....modules()` of fuse()", "one", "none"),
    ),
    "upstream has a class of that name": (
        {CONV: {"class DWConv(Conv)": "class SPConv_3x3(nn.Module):\n    pass\n\n\nclass DWConv(Conv)"}},
        ("the name SPConv_3x3", "no class SPConv_3x3", "upstream has one"),
    ),
    "the base model is another": (
        _swap(YAML, "SPPF, [1024, 5, 3, True]", ", 3, True", ""),
        ("the base model's backbone", "[1024, 5, 3, True]", "[1024, 5]"),
    ),
    "the parser is in a newer Python": (
        {TASKS: {"def parse_model(": "def parse_model[in]("}},
        ("the code of the file", "Python that this interpreter reads", "line "),
    ),
    "the blocks are in a newer Python": (
        {BLOCK: {"class C3k(C3):": "class C3k[in](C3):"}},
        ("the code of the file", "Python that this interpreter reads", "line "),
    ),
    "Conv is in a newer Python": (
        {CONV: {"class DWConv(Conv)": "class DWConv[in](Conv)"}},
        ("the code of the file", "Python that this interpreter reads", "line "),
    ),
    "the modules are imported from elsewhere": (
        _swap(TASKS, "from ultralytics.nn.modules import (", "modules", "modules.all"),
        ("below `from ultralytics.nn.modules import ...`", "one", "none"),
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_upstream_changed_is_told(name, ported):
    edits, (contract, expected, found) = CHANGED[name]
    for outcome in ported(edits)[:-1]:
        assert (outcome.status, outcome.patch) == (CONFLICT, "")
        (conflict,) = [one for one in outcome.conflicts if one.contract == contract]
        assert conflict.where.startswith("ultralytics/")
        assert expected in conflict.expected
        assert found in conflict.found


def _conv(text: str) -> list[tuple[str, str]]:
    return [(one.contract, one.found) for one in check_conv("conv.py", text)]


CONV = """\
class Conv(nn.Module):
    def __init__(self, c1, c2, k=1, s=1, p=None, g=1, d=1, act=True):
        self.conv = nn.Conv2d(c1, c2, k)
        self.bn = nn.BatchNorm2d(c2)

    def forward_fuse(self, x):
        return x
"""
INIT = CONV[CONV.index("    def __init__") : CONV.index("    def forward")]
FUSED = CONV[CONV.index("    def forward") :]
SEVERAL = f"if x:\n    class Conv: pass\nelse:\n    class Conv: pass\n{CONV}"


@pytest.mark.parametrize(
    "text",
    [
        CONV,
        f"import torch\nif torch.cuda:\n{textwrap.indent(CONV, '    ')}",
        f"try:\n    import x\nexcept ImportError:\n{textwrap.indent(CONV, '    ')}",
        CONV.replace(INIT, f"    if True:\n{textwrap.indent(INIT, '    ')}"),
        CONV.replace("self.conv =", "self.conv: nn.Module ="),
        CONV.replace("self.conv =", "self.made = self.conv ="),
        CONV.replace("        self.bn =", "        if act:\n            self.bn ="),
        CONV.replace("        return x", "        class Conv:\n            pass\n        return x"),
        CONV.replace(FUSED, "    def forward(self, x):\n        return x\n\n    forward_fuse = forward\n"),
        f"class _Base(nn.Module):\n{INIT}\n\nclass Conv(_Base):\n{FUSED}",
        CONV.replace("c1, c2, k=1", "c1: int, c2: 'int', k: int = 1"),
    ],
    ids=[
        "plain",
        "class below if",
        "class below except",
        "constructor below if",
        "typed attribute",
        "two targets",
        "layer below if",
        "nested class of its name",
        "another method's name",
        "constructor of a base",
        "types",
    ],
)
def test_a_conv_may_be_written_in_any_way(text):
    assert _conv(text) == []


@pytest.mark.parametrize(
    ("text", "contract", "found"),
    [
        ("", "the class Conv", "no such class"),
        ("class Other:\n    class Conv:\n        pass\n", "the class Conv", "no such class"),
        (SEVERAL, "the class Conv", "several, at lines 2, 4, 5"),
        (CONV.replace(INIT, ""), "the constructor of Conv", "no such method"),
        (CONV.replace(INIT, "").replace("nn.Module", "Conv"), "the constructor of Conv", "no such method"),
        (CONV.replace(INIT, f"{INIT}\n{INIT}"), "the constructor of Conv", "several, at lines 2, 7"),
        (CONV.replace("act=True", "act=True, *args: int, **more: str"), "the constructor of Conv", "*args, **more"),
        (CONV.replace("c1, c2, k=1", "*args, k=1"), "the constructor of Conv", "self, *args, k=1"),
        (CONV.replace(FUSED, ""), "the forward of a fused Conv", "no such method"),
        (
            CONV.replace("        self.conv", "        def make():\n            self.conv"),
            "the conv of Conv",
            "nothing",
        ),
        (CONV.replace("        self.bn =", "        self.bn: nn.Module\n        bn ="), "the bn of Conv", "nothing"),
    ],
)
def test_a_conv_that_is_another_is_a_conflict(text, contract, found):
    (what,) = [one[1] for one in _conv(text) if one[0] == contract]
    assert found in what


def _classes(theirs: str, ours: str = CONV.replace("Conv(", "Block_X(", 1)) -> list[str]:
    return [one.found for one in check_classes("block.py", theirs, ours, {"Block_X": "Block"})]


def test_a_class_of_ours_is_held_against_upstreams_constructor():
    block = CONV.replace("Conv(", "Block(", 1)
    assert _classes(block) == []
    assert _classes("") == ["no such class"]
    assert _classes(f"{block}\n{block}") == ["several, at lines 1, 9"]
    assert _classes("class Block(Imported):\n    pass\n") == ["no such method"]
    assert _classes("class Block(Imported):\n    pass\n", "class Block_X(Block):\n    pass\n") == []


def test_a_taken_name_is_seen_below_a_condition():
    text = "if x:\n    class Conv_X:\n        pass\nclass Other:\n    class Conv_X:\n        pass\n"
    (conflict,) = check_taken({"a.py": text, "b.py": "Conv_X = 1\n"}, {"Conv_X": "X brings its own"})
    assert (conflict.where, conflict.found) == ("a.py:2", "upstream has one, and X brings its own")


@pytest.mark.parametrize(
    ("text", "contract", "found"),
    [
        ("- a list\n", "the base model", "['a list']"),
        ("", "the base model", "None"),
        ("head: [\n", "the base model", "expected the node content"),
        ("head: [[-1, 1, Detect, [nc]]]\nreg_max: '16'\n", "the base model's reg_max", "'16'"),
    ],
)
def test_a_base_model_that_is_none_is_a_conflict(text, contract, found):
    (conflict,) = check_base("yolo.yaml", text, "head: [[-1, 1, Detect, [nc]]]\nreg_max: 16\n")
    assert conflict.contract == contract
    assert found in conflict.found


def test_what_ours_do_not_rely_on_may_change(ported):
    edits = {
        TASKS: {"for j, a in enumerate(args):": "for j, a in enumerate(list(args)):"},
        BLOCK: {"class C3k2(C2f):": "class Unrelated(nn.Module):\n    pass\n\n\nclass C3k2(C2f):"},
    }
    assert {outcome.status for outcome in ported(edits)} == {PORTED}


def test_a_way_to_write_it_that_is_known_is_repeated(ported):
    edits = {TASKS: {"if c2 != nc:  # if c2 != nc (e.g., Classify() output)": "if m is not Classify:"}}
    outcome = ported(edits)[0]
    assert outcome.status == PORTED
    assert "\n+            c2 = make_divisible(min(c2, max_channels) * width, 8)\n" in outcome.patch
    assert "+            if c2" not in outcome.patch


def test_a_release_whose_parser_has_the_branch_already(ported):
    chain = "elif m is AIFI:"
    edits = {TASKS: {chain: f"elif m in (SPConv_3x3, Conv_SPConv, C3k2_SPConv):\n            pass\n        {chain}"}}
    assert [outcome.status for outcome in ported(edits)] == [THERE, THERE, PORTED]


def test_a_trainer_that_saves_in_another_way_is_the_stamps_conflict(ported):
    *modules, stamp = ported({TRAINER: {'"docs": "https://docs.ultralytics.com",': "", '"version": __version__,': ""}})
    assert {one.status for one in modules} == {PORTED}
    assert (stamp.module, stamp.status) == (STAMP, CONFLICT)
    assert stamp.conflicts[0].contract == "the dict of a checkpoint, with the key 'docs' or 'version'"


@pytest.mark.parametrize(
    "line", ["x = " + "+".join("y" * 800), "x = y" + ".a" * 800, "x = " + "-" * 90_000 + "y", "\0"]
)
def test_a_file_that_is_too_deep_for_python_or_no_text_is_a_conflict(line):
    conflict = syntax_conflict("tasks.py", f"y = 1\n{line}\n")
    assert conflict is not None
    assert conflict.expected == "Python that this interpreter reads"
