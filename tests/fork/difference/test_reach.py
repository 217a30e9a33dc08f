"""What a model's YAML needs of a fork: its rows' classes and all that they name, and nothing else."""

from __future__ import annotations

import pytest

from yolopatch.core.fork.difference.difference import read_difference
from yolopatch.core.fork.names.definitions import Definition
from yolopatch.core.fork.names.tree_code import Outside, TreeCode
from yolopatch.core.fork.reach import reached
from yolopatch.core.fork.tree import ForkTree

_PARSER = """
from ultralytics.nn.modules import *
from ultralytics.nn.extra import Fancy as Smart, helper

def parse_model(d):
    for f, n, m, args in d["backbone"] + d["head"]:
        if m in {Conv, Smart}:
            c2 = helper(args[0])
        elif m is Other:
            c2 = Unneeded()
"""
_CONV = """
import torch.nn as nn


def pad(k):
    return k


class Conv(nn.Module):
    size = pad(3)
"""
_BLOCK = """
from .conv import Conv

__all__ = ("Other", "Unneeded")


class Other(Conv): pass
class Unneeded: pass
class Hidden: pass
"""
_EXTRA = """
from nn.modules.conv import Conv


def helper(c):
    return c


class Inner(Conv): pass


class Fancy:
    def forward(self, Other):
        from ultralytics.nn.modules.block import Hidden

        return Inner(Other), Hidden
"""
_FILES = {
    "ultralytics/__init__.py": "",
    "ultralytics/nn/__init__.py": "",
    "ultralytics/nn/tasks.py": _PARSER,
    "ultralytics/nn/modules/__init__.py": "from .conv import Conv\nfrom .block import *\n",
    "ultralytics/nn/modules/conv.py": _CONV,
    "ultralytics/nn/modules/block.py": _BLOCK,
    "ultralytics/nn/extra.py": _EXTRA,
}
_CFG = {"backbone": [[-1, 1, "Conv", [64]], [-1, 1, "Smart", [64]]], "head": [[-1, 1, "nn.Upsample", [None, 2]]]}


def _names(definitions) -> set[str]:
    return {f"{one.path.rpartition('/')[2]}:{one.name}" for one in definitions}


def test_rows_reach_their_classes_through_stars_other_names_and_imports_in_functions():
    found = reached(TreeCode(_FILES), "ultralytics", {"my.yaml": _CFG})
    assert _names(found.rows) == {"conv.py:Conv", "conv.py:pad", "extra.py:Fancy", "extra.py:Inner", "block.py:Hidden"}
    assert _names(found.definitions - found.rows) == {"extra.py:helper"}
    assert found.unknown == ()


@pytest.mark.parametrize(
    "line",
    [
        "if isinstance(c2, list) and m not in {Conv, Other}: c2 = c2[0]",
        "if m is not Other: c2 = c2[0]",
        "c2 = c2[0] if m in (Other, Conv) else c2",
        "c2 = pick(c2, m != Other)",
        "while m in {Other}: c2 = c2[0]",
    ],
)
def test_a_question_after_the_branches_needs_none_of_its_classes(line):
    files = {**_FILES, "ultralytics/nn/tasks.py": f"{_PARSER}        {line}\n"}
    reach = reached(TreeCode(files), "ultralytics", {"my.yaml": _CFG})
    assert "Other" not in {one.name for one in reach.definitions}


def test_arguments_and_keys_can_name_a_module_and_a_name_that_nothing_defines_is_unknown():
    cfg = {"kind": "Other", "backbone": [[-1, 1, "kind", [64, "Unneeded"]], [-1, 1, "Nowhere", []], "row", [3]]}
    found = reached(TreeCode(_FILES), "ultralytics", {"my.yaml": cfg})
    assert {"block.py:Other", "block.py:Unneeded"} <= _names(found.rows)
    assert found.unknown == ("Nowhere",)


def test_a_name_means_what_the_last_binding_says():
    files = {
        "a/__init__.py": "from .one import f\nfrom .two import *\n",
        "a/one.py": "f = 1\n",
        "a/two.py": "try:\n    from fast import f\nexcept ImportError:\n    f = None\n",
    }
    code = TreeCode(files)
    assert code.meaning("a/__init__.py", "f") == Outside("fast.f")
    assert code.meaning("a/one.py", "f") == Definition("a/one.py", "f")
    assert code.meaning("a/one.py", "g") is None


def test_stars_that_import_each_other_end():
    code = TreeCode({"a/one.py": "from a.two import *\n", "a/two.py": "from a.one import *\n"})
    assert code.meaning("a/one.py", "f") is None


def test_what_no_chosen_yaml_needs_is_not_used():
    base = {path: text.encode() for path, text in _FILES.items() if "extra" not in path}
    base["ultralytics/nn/tasks.py"] = _PARSER.replace(", Smart", "").replace("from ultralytics.nn.extra", "# ").encode()
    files = {path: text.encode() for path, text in _FILES.items()}
    reach = reached(TreeCode(_FILES), "ultralytics", {"my.yaml": {"backbone": [[-1, 1, "Conv", [64]]]}})
    changes = read_difference(base, ForkTree("Own", "ultralytics", files, {}, ""), reach)
    used = {part.name: part.used for change in changes for part in change.parts}
    assert used["Fancy"] is False
    assert used["parse_model: Smart"] is False
    assert used["helper"] is True  # the branch of Conv calls it


@pytest.mark.parametrize(("row", "needed"), [("Conv", False), ("Small", True), (None, True)])
def test_settings_of_layers_count_where_the_models_need_the_code_that_names_them(row, needed):
    base = {path: text.encode() for path, text in _FILES.items()}
    added = {
        "ultralytics/nn/backbone/small.py": b"def Small(cfg='nn/backbone/cfg/small.yaml'):\n    return cfg\n",
        "ultralytics/nn/backbone/cfg/small.yaml": b"width: 3\ndepth: [1, 2]\n",
        "ultralytics/nn/tasks.py": f"from ultralytics.nn.backbone.small import *\n{_PARSER}".encode(),
    }
    files = {**base, **added}
    texts = {path: data.decode() for path, data in files.items() if path.endswith(".py")}
    cfgs = {"my.yaml": {"backbone": [[-1, 1, row, [64]]]}}
    reach = reached(TreeCode(texts), "ultralytics", cfgs) if row else None
    changes = read_difference(base, ForkTree("Own", "ultralytics", files, {}, ""), reach)
    found = next(change for change in changes if change.path.endswith("small.yaml"))
    assert [part.used for part in found.parts] == [needed]
    assert found.affects == (("architecture",) if needed else ("nothing",))


@pytest.mark.parametrize("folder", ["ultralytics/mine", "ultralytics/data/tricks", "ultralytics/nn/mine"])
@pytest.mark.parametrize(("row", "needed"), [("Conv", False), ("Odd", True)])
def test_a_file_of_layers_in_any_folder_counts_where_a_row_needs_it(folder, row, needed):
    base = {path: text.encode() for path, text in _FILES.items()}
    module = f"{folder.replace('/', '.')}.odd"
    parser = f"from {module} import Odd\nLAYERS = [Odd]\n{_PARSER}".replace("{Conv, Smart}", "{Conv, Smart, Odd}")
    odd = "def scaled(x):\n    return x * 2\n\n\nclass Odd:\n    def forward(self, x):\n        return scaled(x)\n"
    files = {**base, "ultralytics/nn/tasks.py": parser.encode(), f"{folder}/odd.py": odd.encode()}
    texts = {path: data.decode() for path, data in files.items()}
    reach = reached(TreeCode(texts), "ultralytics", {"my.yaml": {"backbone": [[-1, 1, row, [64]]]}})
    changes = read_difference(base, ForkTree("Own", "ultralytics", files, {}, ""), reach)
    used = {part.name: part.used for change in changes if change.path.endswith("odd.py") for part in change.parts}
    assert used == {"Odd": needed, "scaled": needed}
