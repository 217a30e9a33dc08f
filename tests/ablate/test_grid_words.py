"""What a grid's errors tell the user to do can be typed: as a key of the grid's file, or as an option that there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest

import yolopatch as yolopatch_package
from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.modules import MODULES, require_flavor
from yolopatch.catalog.pins import PINS
from yolopatch.cli.group import cli
from yolopatch.core.ablate.grid_words import grid_words, in_grid_words
from yolopatch.core.environment.device import read_device
from yolopatch.core.model.side import require_side
from yolopatch.errors import YolopatchError
from yolopatch.outside.own.own_catalog import write_pin
from yolopatch.outside.probe import inspect, run
from yolopatch.outside.probe.inspect import require_device
from yolopatch.outside.probe.listen import Ended
from yolopatch.steps.workspace.choices import Choice
from yolopatch.steps.workspace.patchset import fix_text, module_patch
from yolopatch.wire.python.interpreters import GpusAnswer

OWN = "ultralytics-8.3.99"
OWN_MODULE = replace(MODULES["SPConv"], name="MyConv", home=Path("catalog"), tutorial=None)
GRID = """
model = "yolo11"
scales = ["n"]
data = "shapes/data.yaml"
seeds = [0, 1]
[[arm]]
name = "base"
[[arm]]
name = "mine"
"""
_COMMAND = re.compile(r"\byolopatch ([a-z-]+)([^;]*)")
_OPTION = re.compile(r"--[a-z][a-z-]*")


def options_of(command: str) -> set[str]:
    """The options of a command."""
    found = cli.get_command(click.Context(cli), command)
    assert found, command
    return {name for parameter in found.params for name in parameter.opts}


def unknown_options(text: str) -> list[str]:
    """The options in a text that nobody has: `ablate` has not, or the command behind which they stand has not."""
    wrong = [f"{name} {one}" for name, rest in _COMMAND.findall(text) for one in _OPTION.findall(rest)]
    wrong = [one for one in wrong if one.split()[1] not in options_of(one.split()[0])]
    return wrong + [one for one in _OPTION.findall(_COMMAND.sub("", text)) if one not in options_of("ablate")]


@pytest.fixture
def own_pin(own_catalog):
    """A pin of the user's own."""
    write_pin(replace(PINS["ultralytics-8.3.0"], name=OWN, like="ultralytics-8.3.0"), own_catalog)


@pytest.fixture
def says(yolopatch, tmp_path):
    """Ask for a dry run of a grid with something wrong in it, and give what the command says."""

    def ask(arm: str, pin: str = "yolo11", top: str = "") -> tuple[int, str]:
        (tmp_path / "grid.toml").write_text(top + GRID.replace("yolo11", pin) + arm, "utf-8")
        ran = yolopatch("ablate", tmp_path / "grid.toml", "--dry-run")
        return ran.code, ran.err

    return ask


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        ('module = ["SPConv", "DSConv"]\nplacement = ["+4"]', 'placement = ["SPConv:+4"]'),
        ('module = ["SPConv", "DSConv"]\nplacement = ["1, 3"]', 'placement = ["1, 3"]: for which module?'),
        ('module = ["SPConv"]\nplacement = ["DSConv:+4"]', 'add "DSConv" to module'),
        ('module = ["SPConv"]\nplacement = ["SPConv:1", "SPConv:3"]', 'placement = ["SPConv:1,3"]'),
        ('module = ["SPConv"]\nplacement = ["1,1"]', 'placement = ["1"]'),
        ('module = ["SPConv"]\nplacement = ["p2-down"]', "known: tutorial, backbone-down"),
        ('module = ["SPConv"]\nplacement = ["all-joins"]', ""),
        ('module = ["SPConv"]\nplacement = ["1,99"]', 'placement = ["1,3,5,7"], or "+4"'),
        ('module = ["SPConv", "DSConv"]\nplacement = ["SPConv:1", "DSConv:1"]', 'placement = ["SPConv:1,3"]'),
        ('module = ["SPConv"]\nplacement = ["10"]', ""),
        ('module = ["SPConv + DSConv"]', 'module = ["SPConv", "DSConv"]'),
        ('module = ["SPCnov"]', "yolopatch add FILE.py"),
        ('module = ["DSConv"]\nplacement = ["backbone-up"]', ""),
    ],
)
def test_what_is_wrong_with_an_arm_is_said_in_the_words_of_the_file(says, arm, said):
    code, text = says(arm)
    assert code == 2, text
    assert said in text
    assert unknown_options(text) == []


def test_the_seed_patch_of_a_pin_of_the_users_own_is_left_out_in_the_file(own_pin, says):
    code, text = says('module = ["SPConv"]', OWN)
    assert code == 1
    assert "next: write seed_patch = false into the grid" in text
    assert unknown_options(text) == []
    code, text = says('module = ["SPConv"]', OWN, "seed_patch = false\n")
    assert code == 0, text


def raised(act) -> YolopatchError:
    """The error that a step raises, as `ablate` passes it on."""
    with pytest.raises(YolopatchError) as caught, in_grid_words():
        act()
    return caught.value


def killed() -> None:
    """Raise what is said of a training that the system killed."""
    raise run._failure("training", run.Failed(Ended(-9), (), Path("log")), Path("log"), "yolopatch doctor workspace")


def without_memory() -> None:
    """Raise what is said of a training whose GPU was too small."""
    failed = run.Failed(Ended(1), ("torch.OutOfMemoryError: CUDA out of memory",), Path("log"))
    raise run._failure("training", failed, Path("log"), "yolopatch doctor workspace")


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: read_device("gpu"), 'device = "cpu", or device = 0'),
        (lambda: read_device("0,1"), 'device = "0,1": one device is needed'),
        (lambda: require_side(100), "e.g. imgsz = 640"),
        (lambda: fix_text(PINS["ultralytics-8.4.0"], COMPAT), "write compat = false into the grid"),
        (
            lambda: module_patch(PINS["yolov5-6.1"], Choice("SPConv", "none")),
            "choose one of these with model and flavor",
        ),
        (lambda: require_flavor(OWN_MODULE, "tutorial"), "leave out flavor"),
        (killed, "batch = 2 (batch_size = 2 for yolov5) in [train]"),
        (without_memory, 'try batch = 2 in [train], a smaller letter in scales, or device = "cpu"'),
    ],
)
def test_what_other_steps_say_is_turned_into_keys(act, said):
    error = raised(act)
    text = "\n".join([error.what, *error.details, error.hint])
    assert said in text
    assert str(error) == error.what
    assert unknown_options(text) == []


def test_another_gpu_is_named_as_the_file_has_it(monkeypatch):
    monkeypatch.setattr(inspect, "_gpus", lambda executable: GpusAnswer(("A GPU",)))
    assert raised(lambda: require_device("cuda:7", "python", who="[train] device asks for")).hint == "device = 0"


def test_a_command_in_a_hint_stays_as_it_is_typed():
    hint = "leave out --scale, or write it for s: yolopatch render-cfg --scale s ...; or add --module SPConv"
    assert grid_words(hint) == (
        "leave this letter out of scales, or write it for s: yolopatch render-cfg --scale s ...; "
        'or add "SPConv" to module'
    )


# the files whose errors `ablate` may pass on, beside its own
SHARED = (
    *(f"core/model/{name}.py" for name in ("cfg_file", "layout", "placement", "side")),
    *("core/environment/device.py", "catalog/modules.py", "catalog/environment/fix_patches.py"),
    *("steps/workspace/patchset.py", "outside/probe/inspect.py", "outside/probe/run.py"),
    *("probe/checkpoint/base_checkpoint.py", "probe/compare/compare.py"),
)
# for what no grid can ask for: every block in place of a layer, a YAML at all of its scales, and a loss's assigner
NEVER = {"--block", "--all-scales", "--assigner"}


def texts_of(file: Path) -> Iterator[str]:
    """The texts of a file of yolopatch, with a word in place of each value."""
    tree = ast.parse(file.read_text("utf-8"))
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in joined for part in node.values}
    for node in joined:
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "n" for part in node.values)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in parts)
    yield from (node.value for node in constants if isinstance(node.value, str) and node.value not in docs)


@pytest.mark.parametrize("file", SHARED)
def test_no_text_of_a_shared_step_names_an_option_that_a_grid_lacks(file):
    texts = [text for text in texts_of(Path(yolopatch_package.__file__).parent / file) if " --" in f" {text}"]
    assert texts
    left = {text: set(unknown_options(grid_words(text))) - NEVER for text in texts if not text.startswith("--")}
    assert {text: options for text, options in left.items() if options} == {}
