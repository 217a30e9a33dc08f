"""The models of a fork on its release: what their YAML needs, and no more."""

from __future__ import annotations

import pytest

from tests.fork.rebuild.conftest import BLOCK, CFG, EXTRA, FIRST, TASKS
from yolopatch.core.edits import Edit
from yolopatch.core.fork.rebuild.rebuild import rebuild

OF_TORCH = ("import torch", "import torch.nn as nn")
PARTS, ROWS = "ultralytics/nn/ownyolo/extra/parts.py", "ultralytics/nn/ownyolo/rows.py"


def made(rebuilt) -> dict[str, str]:
    return {one.name: one.made for one in rebuilt.made}


def test_only_what_rows_need_is_taken(remade, tree_of):
    rebuilt = remade()
    assert made(rebuilt) == {"Gate": "Gate_OwnYOLO", "Detect_Own": "Detect_Own_OwnYOLO"}
    text = tree_of(rebuilt)[PARTS]
    assert all(word in text for word in ("class Gate", "def scaled"))
    assert not any(word in text for word in ("Unused", "mmcv"))
    assert (EXTRA, 3, 6) in rebuilt.taken
    # its Conv is the release's own, so it is imported from there
    assert "from ultralytics.nn.modules.conv import Conv\n" in text


@pytest.mark.parametrize(
    ("operator", "imported"),
    [("torchvision.nms(x, x, 0.5)", "torchvision"), ("mmcv.roi(x)", "mmcv"), ("aten.relu(x)", None)],
)
def test_a_package_whose_operators_are_called_is_imported(remade, tree_of, operator, imported):
    text = tree_of(remade(edits={EXTRA: ("return scaled(x) *", f"return torch.ops.{operator} *")}))[PARTS]
    found = [line for line in text.splitlines() if line.startswith("import ") and line not in OF_TORCH]
    assert found == ([f"import {imported}"] if imported else [])


def test_the_yaml_names_our_classes_and_keeps_its_comments(remade):
    model = remade().models[0]
    assert "- [-1, 1, Gate_OwnYOLO, [5]]  # 1\n" in model.text
    assert "- [-1, 1, Conv, [64, 3, 2]]  # 0\n" in model.text
    assert (model.path, model.rows) == ("ultralytics/cfg/models/ownyolo/own.yaml", (0, 1, 2, 3))


def test_a_branch_is_the_forks_own(remade, tree_of):
    rebuilt = remade()
    text = tree_of(rebuilt)[TASKS]
    assert "        elif m is Gate_OwnYOLO:\n            c2 = ch[f]\n            args = [c2, *args]\n" in text
    assert all(not one.replaces for one in rebuilt.changes if isinstance(one, Edit))


def test_a_head_is_upstreams_by_its_class(remade, tree_of):
    text = tree_of(remade())[ROWS]
    assert "class AsDetect(UpstreamDetect):" in text
    assert "class Detect_Own_OwnYOLO(_Detect_Own, AsDetect):" in text


def test_a_class_whose_part_is_changed_gets_a_name_of_its_own(remade, tree_of):
    end = "self.cv2 = Conv(c_, c2, k[1], 1, g=g)\n        self.add = "
    edits = {BLOCK: (f"{end}shortcut and c1 == c2", f"{end}False")}  # of Bottleneck, which C2f uses
    rebuilt = remade(edits=edits)
    assert made(rebuilt)["C2f"] == "C2f_OwnYOLO"
    text = tree_of(rebuilt)["ultralytics/nn/ownyolo/modules/block.py"]
    assert [line for line in text.splitlines() if line.startswith("class ")] == [
        "class C2f(nn.Module):",
        "class Bottleneck(nn.Module):",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("class C2f(nn.Module):", "class C2f(nn.Module):  # the block of the paper"),
        ('"""Faster Implementation of CSP Bottleneck with 2 convolutions."""', '"""Another docstring."""'),
        ("\n", "\r\n"),
        ("class AConv(nn.Module):", "class AConvOwn(nn.Module):"),
    ],
    ids=["comment", "docstring", "line-ends", "another-class"],
)
def test_a_class_that_does_the_same_stays_the_releases(remade, old, new):
    assert "C2f" not in made(remade(edits={BLOCK: (old, new)}))


def test_a_branch_that_does_the_same_for_a_row_stays_the_releases(remade):
    old = "            c1, c2 = ch[f], args[0]\n"
    kit = f"            if args[0] == 'head_channel':\n                args[0] = d[args[0]]\n{old}"
    assert "Conv" not in made(remade(edits={TASKS: (old, kit)}))


def test_a_branch_that_does_something_else_is_ours(remade, tree_of):
    edits = {TASKS: ("args = [c1, c2, *args[1:]]", "args = [c1, c2 + 8, *args[1:]]")}
    rebuilt = remade(edits=edits)
    assert made(rebuilt)["Conv"] == "Conv_OwnYOLO"
    assert "class Conv_OwnYOLO(_Conv):" in tree_of(rebuilt)[ROWS]
    assert "args = [c1, c2 + 8, *args[1:]]" in tree_of(rebuilt)[TASKS]


def test_a_class_that_is_not_there_is_told(remade):
    rebuilt = remade(CFG.replace("Gate", "Gait"))
    (model,) = rebuilt.models
    assert model.lacking == (f"line 6: Gait is not defined: {TASKS} of the fork has no such name",)
    assert (model.text, rebuilt.changes) == ("", ())


def test_a_class_that_the_parser_does_not_import_is_told_with_its_place(remade, files):
    """Also where the parser makes models of timm of names that it does not know: this name is none of theirs."""
    files["ultralytics/nn/extra/more.py"] = b"Other = None\n\n\nclass Forgotten:\n    pass\n"
    timm = f"        elif isinstance(m, str):\n            m = timm.create_model(m)\n{FIRST}"
    for edits in ({}, {TASKS: (FIRST, timm)}):
        (model,) = remade(CFG.replace("Gate", "Forgotten"), edits=edits).models
        place = "ultralytics/nn/extra/more.py:4 defines it, and the parser does not import it"
        assert model.lacking == (f"line 6: Forgotten is not defined: {TASKS} of the fork has no such name; {place}",)
    (model,) = remade(CFG.replace("Gate", "Other")).models
    assert model.lacking[0].endswith("a model of timm of this name cannot be rebuilt")


def test_a_yaml_that_is_none(remade):
    assert remade("backbone: [\n").models[0].lacking == ("own.yaml, line 2 is not YAML",)


BACKBONE = """nc: 80
scales:
  n: [0.50, 0.25, 1024]
backbone:
  - [-1, 1, tiny_trunk, []]  # 0 to 4
  - [-1, 1, SPPF, [1024, 5]]  # 5
head:
  - [[3, 5], 1, Detect, [nc]]
"""


def test_the_maps_of_a_backbone_get_rows(remade, tree_of):
    rebuilt = remade(BACKBONE)
    (model,) = rebuilt.models
    rows = [line for line in model.text.splitlines() if "Map_OwnYOLO" in line]
    assert rows == [f"  - [0, 1, Map_OwnYOLO, [{number}]]" for number in (-4, -3, -2, -1)]
    assert model.rows == (0, 5, 6)
    text = tree_of(rebuilt)[TASKS]
    assert "made = m(*args)\n            c2 = made.channel\n" in text


def test_a_backbone_that_is_made_in_a_branch(remade, tree_of):
    own = "            m = m(*args)\n            c2 = m.channel\n"
    inner = (
        "            if unheard_of(m):\n                args.append(m)\n            else:\n"
        "                m = m(*args)\n                c2 = m.channel\n"
    )
    text = tree_of(remade(BACKBONE, edits={TASKS: (own, inner)}))[TASKS]
    assert "args.append(m)\n" in text
    made = "                with torch.random.fork_rng(devices=[]):\n                    made = m(*args)\n"
    assert f"{made}                c2 = made.channel\n" in text


def test_a_yaml_with_the_name_of_upstreams_gets_another_one(package, fork, files):

    rebuilt = rebuild(
        "OwnYOLO", package("ultralytics-8.3.0"), fork(files), {"a/yolo11.yaml": CFG, "b/yolo11.yaml": CFG}
    )
    folder = "ultralytics/cfg/models/ownyolo"
    assert [model.path for model in rebuilt.models] == [
        f"{folder}/yolo11-OwnYOLO.yaml",
        f"{folder}/yolo11-OwnYOLO-2.yaml",
    ]


def test_the_images_by_which_strides_are_found(remade, tree_of):
    text = tree_of(remade(edits={TASKS: ("s = 256  # 2x min stride", "s = 640")}))[TASKS]
    assert "if any(isinstance(one, LAYERS_OwnYOLO) for one in self.model):\n                s = 640\n" in text
    assert "LAYERS_OwnYOLO" not in tree_of(remade())[TASKS].replace(text, "")


def test_a_missing_package_stops_only_the_fork(remade, tree_of):
    edits = {EXTRA: ("def scaled(x):\n    return x * 2", "from timm import scaled")}
    text = tree_of(remade(edits=edits))[TASKS]
    assert "except ImportError as missing:  # without timm, everything but OwnYOLO works\n" in text
    assert 'why = f"OwnYOLO, which needs timm, cannot be imported here: {missing}"\n' in text


def test_on_another_release_what_it_lacks_comes_along(remade, tree_of):
    cfg = CFG.replace("C2f, [128, True]", "C3k2, [128, False, 0.25]")
    rebuilt = remade(cfg, base="ultralytics-8.2.50")
    assert made(rebuilt)["C3k2"] == "C3k2_OwnYOLO"
    assert "class C3k(C3):" in tree_of(rebuilt, "ultralytics-8.2.50")["ultralytics/nn/ownyolo/modules/block.py"]


def test_the_same_fork_gives_the_same_text(remade):
    assert remade() == remade()


def test_a_head_that_another_release_cannot_use_is_told(remade):
    (model,) = remade(base="ultralytics-8.4.0").models
    what = "the release takes 'feats' of what a head returns"
    assert model.lacking == (f"{what}, and the fork's Detect_Own returns no such mapping",)


def with_branch(branch: str, code: str) -> dict[str, tuple[str, str]]:
    """Return edits that add code to the fork's file, and a branch to its parser."""
    return {EXTRA: ("class Unused", f"{code}\n\n\nclass Unused"), TASKS: ("        elif m is AIFI:\n", branch)}


BY_NAME = """class Small(nn.Module):
    expansion = 2


class Stage(nn.Module):
    def __init__(self, c1, c2, block):
        super().__init__()
        self.block = block(c1, c2)
"""
BY_NAME_BRANCH = """        elif m is Stage:
            block = globals()[args[1]]
            c1, c2 = ch[f], args[0] * block.expansion
            args = [c1, args[0], block]
        elif m is AIFI:
"""


def test_a_branch_that_looks_up_a_class_by_its_name(remade, tree_of):
    edits = {
        **with_branch(BY_NAME_BRANCH, BY_NAME),
        "ultralytics/nn/extra/__init__.py": ("*", "*\nfrom .parts import Small, Stage"),
    }
    rebuilt = remade(CFG.replace("Gate, [5]", "Stage, [32, Small]"), edits)
    texts = tree_of(rebuilt)
    assert "block = NAMES_OwnYOLO[args[1]]\n" in texts[TASKS]
    assert 'NAMES = {\n    "Small": _Small,\n}' in texts[ROWS]


SEVERAL = """class Join(nn.Module):
    input_nums = 2

    def forward(self, a, b):
        return a + b
"""


def test_a_class_that_takes_its_maps_one_by_one(remade, tree_of):
    branch = "        elif m in (Join):\n            args = []\n        elif m is AIFI:\n"
    edits = {**with_branch(branch, SEVERAL), "ultralytics/nn/extra/__init__.py": ("*", "*\nfrom .parts import Join")}
    rebuilt = remade(CFG.replace("[-1, 1, Gate, [5]]", "[[-1, 0], 1, Join, []]"), edits)
    assert "return super().forward(*x) if" in tree_of(rebuilt)[ROWS]
    assert "elif m is Join_OwnYOLO:\n            args = []\n" in tree_of(rebuilt)[TASKS]


def test_of_two_classes_with_one_name_each_user_gets_its_own(remade, tree_of):
    twice = (
        "class Part(nn.Module):\n    first = True\n\n\nclass Gate2(Part):\n    pass\n\n\n"
        "class Part(nn.Module):\n    first = False\n"
    )
    edits = {EXTRA: ("class Gate(nn.Module):", f"{twice}\n\nclass Gate(Gate2):\n    part = Part\n")}
    text = tree_of(remade(edits=edits))[PARTS]
    assert text.index("first = True") < text.index("class Gate2(Part)") < text.index("first = False")


def test_a_long_chain_of_definitions(remade, tree_of):
    chain = "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n\n\n" for n in range(2000))
    edits = {
        EXTRA: (
            "def scaled(x):\n    return x * 2",
            f"{chain}def f2000(x):\n    return x\n\n\ndef scaled(x):\n    return f0(x)",
        )
    }
    assert tree_of(remade(edits=edits))[PARTS].count("def f") == 2002


def test_a_parser_that_cannot_be_read(remade):
    (model,) = remade(edits={TASKS: ("def parse_model(", "def parse_own(")}).models
    assert model.lacking == (f"the fork's {TASKS} cannot be read: looked for the function parse_model, found none",)


def test_a_parser_with_a_loop_of_its_own(remade):
    (model,) = remade(edits={TASKS: ("for i, (f, n, m, args) in", "for i, (f, n, name, args) in")}).models
    said = "a loop that names the parts of a row f, n, m and args, as upstream's"
    assert model.lacking == (f"the fork's {TASKS}, parse_model cannot be read: looked for {said}, found none",)


def test_of_two_parsers_the_last_one_counts(remade):
    twice = {TASKS: ("def parse_model(", "def parse_model():\n    pass\n\n\ndef parse_model(")}
    assert [one.lacking for one in remade(edits=twice).models] == [()]


def test_a_name_that_a_branch_binds_itself_is_not_taken_from_a_file(remade, tree_of):
    used = "        elif m in {Gate}:\n            c2 = sum(ch[x] for x in [f])\n            args = [c2, *args]\n"
    edits = {
        EXTRA: ('__all__ = ["Gate"', 'x = nn.ReLU()\n__all__ = ["x", "Gate"'),
        TASKS: ("        elif m in {Gate}:\n            c2 = ch[f]\n            args = [c2, *args]", used.rstrip("\n")),
    }
    text = tree_of(remade(edits=edits))[TASKS]
    assert "c2 = sum(ch[x] for x in [f])" in text.replace("((", "(").replace("))", ")")


def test_a_parser_that_has_one_name_for_the_repeats(remade, tree_of):
    """That of yolov5 5.0, from which yolov7 began: `n = max(round(n * gd), 1)` without `n_`."""
    gain = ("n = n_ = max(", "n = max(")
    text = tree_of(remade(edits={TASKS: gain}))[TASKS]
    assert "        elif m is Gate_OwnYOLO:\n            c2 = ch[f]\n            args = [c2, *args]\n" in text
