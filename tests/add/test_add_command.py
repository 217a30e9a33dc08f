"""`yolopatch add` as a user calls it: words, JSON, what is stored, and what it refuses."""

from __future__ import annotations

import json
import re

import pytest

from yolopatch.errors import EXIT_ACT, EXIT_USAGE

GATE = """import torch
import torch.nn as nn


class Gate(nn.Module):
    # 门控
    def __init__(self, channel, reduction=16):
        super().__init__()
        self.fc = nn.Conv2d(channel, channel, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc(x))


if __name__ == "__main__":
    open("ran", "w")
"""
PIN = "ultralytics-8.3.0"


@pytest.fixture
def add(yolopatch, paste, own_catalog):
    """Paste a text and add it."""
    return lambda text=GATE, *arguments, name="Gate.py": yolopatch("add", paste(text, name), *arguments)


def test_words_say_what_was_decided_and_why(add, need_pin):
    need_pin(PIN)
    ran = add()
    assert ran.code == 0, ran.err
    for said in (
        "added  Gate",
        "after a layer",
        "channel   c1",
        "by its name",
        "reduction=16",
        "lines 15 to 16, a demo",
    ):
        assert said in ran.out
    assert f"{PIN}: ready" in ran.out
    assert "yolopatch apply --repo ultralytics --module Gate" in ran.out


def test_json_has_the_same(add):
    found = add(GATE, "--json").json
    assert found["module"] == "Gate"
    assert found["decision"]["kind"] == "attention"
    assert found["decision"]["given"] == [{"argument": "channel", "value": "c1", "why": "by its name"}]
    assert {pin["state"] for pin in found["pins"]} <= {"ready", "not tried"}


def test_the_file_is_stored_as_it_is_and_never_run(add, own_catalog, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    add()
    assert (own_catalog / "modules" / "own_gate.py").read_text("utf-8") == GATE
    assert json.loads((own_catalog / "modules" / "Gate.json").read_text("utf-8"))["kind"] == "attention"
    assert not (tmp_path / "ran").exists()


def test_adding_twice_changes_nothing_and_another_of_the_name_is_refused(add, own_catalog, fingerprint):
    add()
    before = fingerprint(own_catalog)
    assert add().out.startswith("unchanged  Gate")
    ran = add(GATE + "\n# another\n")
    assert (ran.code, "the name Gate is taken" in ran.err) == (EXIT_USAGE, True)
    assert "--replace" in ran.err
    assert fingerprint(own_catalog) == before
    assert add(GATE + "\n# another\n", "--replace").out.startswith("added")


def test_another_folder_is_told(add, tmp_path):
    ran = add(GATE, "--catalog", tmp_path / "mine")
    assert (tmp_path / "mine" / "modules" / "Gate.json").is_file()
    assert f"YOLOPATCH_CATALOG={tmp_path / 'mine'}" in ran.err


def test_a_package_and_an_overwritten_attribute_are_told(add, need_pin):
    need_pin(PIN)
    text = GATE.replace("import torch\n", "import torch\nimport einops\n")
    ran = add(text.replace("self.fc =", "self.type = einops\n        self.fc ="))
    assert ran.code == 0
    assert "imports einops" in ran.err
    assert "stores `type`" in ran.err


def test_an_own_module_goes_through_the_other_commands(add, yolopatch, need_pin, tmp_path):
    need_pin(PIN)
    add()
    place = tmp_path / "ws"
    made = yolopatch("apply", "--repo", PIN, "--module", "gate", "--module", "DSConv", "--dest", place)
    assert made.code == 0
    assert made.out.startswith("created\n")
    assert "DSConv (paper), Gate (yours)" in made.out
    diff = yolopatch("diff", place, "--module", "Gate").out
    assert "ultralytics/nn/modules/own_gate.py" in diff
    assert "+    # 门控" in diff
    assert "open(" not in diff
    ran = yolopatch("render-cfg", "--module", "Gate", "--model", "yolo11", "--placement", "+4,+6", "--out", tmp_path)
    assert ran.code == 0, ran.err
    assert "[-1, 1, Gate, []]" in (tmp_path / "yolo11-Gate-after-4-6.yaml").read_text()
    again = tmp_path / "again"
    commits = [
        yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--module", "Gate", "--dest", at, "--json").json[
            "commit"
        ]
        for at in (place, again)
    ]
    assert commits[0] == commits[1]
    assert yolopatch("remove", "--module", "Gate", place).code == 0
    assert not (place / "ultralytics/nn/modules/own_gate.py").exists()


def test_an_own_module_has_one_flavor_and_no_model_of_its_own(add, yolopatch, tmp_path):
    add()
    ran = yolopatch("apply", "--repo", PIN, "--module", "Gate", "--flavor", "tutorial", "--dest", tmp_path / "x")
    assert (ran.code, "no flavor tutorial" in ran.err) == (EXIT_USAGE, True)
    ran = yolopatch("render-cfg", "--module", "Gate", "--out", tmp_path)
    assert (ran.code, "add --model yolo11" in ran.err) == (EXIT_USAGE, True)
    ran = yolopatch("render-cfg", "--module", "Gate", "--model", "yolo11", "--placement", "3", "--out", tmp_path)
    assert (ran.code, '"+3"' in ran.err) == (EXIT_USAGE, True)


WRONG = {
    "a syntax error": (GATE.replace("x * torch", "x ** * torch"), EXIT_ACT, ("line 12", "x ** * torch", "^")),
    "mixed tabs": (
        # a tab of eight columns is in the method, one of four in the class: nobody can tell
        GATE.replace("self.fc(x))\n", "self.fc(x))\n\tgain = 3\n"),
        EXIT_ACT,
        ("line 13", "inconsistent use of tabs"),
    ),
    "lost spaces": (GATE.replace("        super", "super"), EXIT_ACT, ("line 8", "indent")),
    "not UTF-8": (GATE.encode("gb18030"), EXIT_ACT, ("is not UTF-8 text: line 6", "GB18030")),
    "UTF-16, as PowerShell writes it": (
        GATE.encode("utf-16"),
        EXIT_ACT,
        ("is not UTF-8 text: line 1", "iconv -f UTF-16"),
    ),
    "a null byte": (GATE.encode() + b"\0", EXIT_ACT, ("null bytes",)),
    "no module": ("import torch\n\n\nclass A:\n    pass\n", EXIT_ACT, ("has no nn.Module", "classes in it: A")),
    "nothing": ("", EXIT_ACT, ("has no nn.Module", "none")),
    "several": (GATE.replace("Gate", "A") + GATE.replace("Gate", "B"), EXIT_USAGE, ("2 modules", "--class B")),
    "upstream's name": (GATE.replace("Gate", "C3k2"), EXIT_USAGE, ("C3k2 is taken", "--name MyC3k2")),
    "one of ours": (GATE.replace("Gate", "RefConv"), EXIT_USAGE, ("RefConv is taken", "--name MyRefConv")),
    "a helper that is not there": (
        GATE.replace("torch.sigmoid", "gone"),
        EXIT_USAGE,
        ("no pin can have", "needs gone"),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_added_is_refused_and_nothing_is_stored(case, add, own_catalog, need_pin):
    need_pin(PIN)
    text, code, said = WRONG[case]
    ran = add(text, name="Pasted.py")
    assert ran.code == code, ran.err
    assert all(words in ran.err for words in said), ran.err
    assert "next: " in ran.err
    assert not own_catalog.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--class", "Gat"), "did you mean Gate?"),
        (("--name", "my-conv"), "is not a name for a Python class"),
        (("--name", "class"), "is not a name for a Python class"),
        (("--name", "门"), "is not a name for a Python class"),
        (("--like", "SPPX"), "unknown value"),
        (("--args", "k"), "nn.Conv2d takes 3 channels, and gets 64"),
    ],
)
def test_words_that_do_not_fit_are_refused(add, arguments, said, own_catalog):
    ran = add(GATE, *arguments)
    assert (ran.code, said in ran.err) == (EXIT_USAGE, True), ran.err
    assert not own_catalog.exists()


def test_a_file_that_is_not_there(yolopatch, tmp_path, own_catalog):
    ran = yolopatch("add", tmp_path / "no.py")
    assert (ran.code, "cannot read" in ran.err) == (EXIT_USAGE, True)


def test_a_catalog_that_cannot_be_written(add, tmp_path):
    (tmp_path / "file").write_text("")
    ran = add(GATE, "--catalog", tmp_path / "file" / "below")
    assert (ran.code, "cannot write to your own catalog" in ran.err) == (EXIT_ACT, True)


def test_names_of_classes_that_nobody_makes_are_free(add):
    """An attention has no classes around it: a block of that name in a post is another module."""
    assert add(GATE).code == 0
    block = GATE.replace("Gate", "C2f_Gate").replace("channel, reduction=16", "channel, n=1, c2=64")
    assert add(block, "--like", "C2f", name="C2f_Gate.py").code == 0


def test_a_name_of_a_class_that_another_module_makes_is_refused(add, own_catalog):
    ran = add(GATE.replace("Gate", "C2f_RefConv"), name="C2f_RefConv.py")
    assert (ran.code, "the name C2f_RefConv is taken by the module RefConv" in ran.err) == (EXIT_USAGE, True), ran.err
    assert not own_catalog.exists()


def test_a_name_that_gives_the_file_of_another_module_is_refused(add, own_catalog, fingerprint):
    assert add(NARROW, "--like", "Conv", "--name", "Narrow", name="narrow.py").code == 0
    before = fingerprint(own_catalog)
    ran = add(GATE, "--name", "Narrow_layers")
    said = "the name Narrow_layers gives own_narrow_layers.py, a file of your module Narrow"
    assert (ran.code, said in ran.err) == (EXIT_USAGE, True), ran.err
    assert fingerprint(own_catalog) == before
    assert add(GATE, "--name", "Gate").code == 0
    assert add(GATE, "--name", "Gate_layers").code == 0, "a gate has one file"


def test_a_name_that_some_pins_have_is_for_the_others_and_a_way_is_told(add, need_pin):
    need_pin("ultralytics-8.4.0"), need_pin("yolov5-6.1")
    ran = add(GATE.replace("Gate", "CBAM"), name="CBAM.py")
    assert ran.code == 0, ran.err
    assert "ultralytics-8.4.0: refused, ultralytics-8.4.0 already has a class CBAM" in ran.out
    assert "if refused: add the module under another name: --name MyCBAM" in ran.out
    assert "next: yolopatch apply --repo yolov5-" in ran.out


def test_one_that_is_told_no_channels_stands_behind_a_layer(add, yolopatch, need_pin, tmp_path):
    need_pin(PIN)
    text = GATE.replace("channel, reduction=16", "gamma=2").replace("channel, channel, 1", "1, 1, 1")
    text = text.replace("self.fc(x)", "self.fc(x.mean(1, True))")
    assert add(text, "--like", "attention").code == 0
    assert yolopatch("apply", "--repo", PIN, "--module", "Gate", "--dest", tmp_path / "ws").code == 0
    assert "            args = [*args]" in (tmp_path / "ws/ultralytics/nn/tasks.py").read_text()


@pytest.mark.slow
def test_verify_says_that_a_module_was_replaced_since(add, yolopatch, need_pin, tmp_path):
    need_pin(PIN)
    add()
    place, words = tmp_path / "ws", ("apply", "--repo", PIN, "--module", "Gate", "--dest", tmp_path / "ws")
    assert yolopatch(*words).code == 0
    yolopatch("render-cfg", "--module", "Gate", "--model", "yolo11", "--scale", "n", "--out", tmp_path)

    def provenance() -> dict:
        return yolopatch(
            "verify", place, "--cfg", tmp_path / "yolo11n-Gate.yaml", "--check", "provenance", "--json"
        ).check("provenance")

    assert provenance()["status"] == "pass"
    assert add(GATE.replace("* torch", "* 2 * torch"), "--replace").code == 0
    found = provenance()
    assert (found["status"], "other patches (Gate)" in found["summary"]) == ("warn", True)
    assert yolopatch(*words, "--update").code == 0
    assert provenance()["status"] == "pass"


NARROW = """import torch.nn as nn


class Narrow(nn.Module):
    def __init__(self, c1, c2):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, 3, padding=1)
        self.bn = nn.BatchNorm2d(c2)

    def forward(self, x):
        return self.bn(self.conv(x))
"""


@pytest.mark.more
def test_a_block_without_repeats_stands_in_a_row_under_another_name(add, yolopatch, need_pin, tmp_path):
    need_pin(PIN)
    ran = add(NARROW, "--like", "C3k2", "--name", "Rows", name="narrow.py")
    assert ran.code == 0, ran.err
    place = tmp_path / "ws"
    assert yolopatch("apply", "--repo", PIN, "--module", "Rows", "--dest", place).code == 0
    ran = yolopatch("render-cfg", "--module", "Rows", "--model", "yolo11", "--scale", "n", "--out", tmp_path)
    assert ran.code == 0, ran.err
    cfg = tmp_path / "yolo11n-C3k2-Rows.yaml"
    ran = yolopatch("verify", place, "--cfg", cfg, "--check", "build", "--check", "only-intended", "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "pass"), ran.out
    assert ran.json["replaced"] == [2, 4, 6, 8, 13, 16, 19, 22]


@pytest.mark.slow
def test_a_row_of_a_posts_yaml_may_name_a_block_itself(add, yolopatch, need_pin, tmp_path):
    need_pin(PIN)
    block = (
        "class C2f_Plain(C2f):\n    def __init__(self, c1, c2, n=1, shortcut=False, g=1, e=0.5):\n"
        "        super().__init__(c1, c2, n, shortcut, g, e)\n        self.gate = nn.Conv2d(c2, c2, 1)\n\n"
        "    def forward(self, x):\n        y = super().forward(x)\n        return y * self.gate(y).sigmoid()\n"
    )
    assert add(block, name="c2f_plain.py").code == 0
    place, cfg = tmp_path / "ws", tmp_path / "yolo11n-C3k2-C2f_Plain.yaml"
    assert yolopatch("apply", "--repo", PIN, "--module", "C2f_Plain", "--dest", place).code == 0
    assert (
        yolopatch("render-cfg", "--module", "C2f_Plain", "--scale", "n", "--model", "yolo11", "--out", tmp_path).code
        == 0
    )
    post = tmp_path / "yolo11n-post.yaml"
    rows = re.sub(r"C3k2_C2f_Plain, \[(\d+), (\w+).*?\]", r"C2f_Plain, [\1, \2]", cfg.read_text())
    post.write_text(rows)
    assert rows.count("C2f_Plain, [") == 8
    checks = ("--check", "build", "--check", "only-intended", "--json")
    ran, own = (yolopatch("verify", place, "--cfg", file, *checks) for file in (post, cfg))
    assert (ran.json["verdict"], own.json["verdict"]) == ("pass", "pass"), ran.out
    assert ran.json["replaced"] == own.json["replaced"] == [2, 4, 6, 8, 13, 16, 19, 22]


BEGINS = """import torch
import torch.nn as nn
import torch.nn.functional as F


class Begins(nn.Module):
    def __init__(self, c1, c2, k=3, s=1, p=1):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(c2, c1, k, k) * 0.05)
        self.gate = nn.Parameter(torch.zeros(c2, 1, 1, 1))
        self.stride, self.padding = s, p

    @torch.no_grad()
    def init_from(self, conv, x):
        self.weight.copy_(conv.weight)

    def folded(self, scale, shift):
        kernel = self.weight * (1 + self.gate) * scale.view(-1, 1, 1, 1)
        conv = nn.Conv2d(kernel.shape[1], kernel.shape[0], kernel.shape[2], self.stride, self.padding)
        conv.weight.data.copy_(kernel)
        conv.bias.data.copy_(shift)
        return conv.to(kernel.device)

    def forward(self, x):
        return F.conv2d(x, self.weight * (1 + self.gate), None, self.stride, self.padding)
"""


@pytest.mark.slow
def test_an_own_module_begins_with_the_bases_weights_and_folds(add, yolopatch, tmp_path, checkpoint):
    weights = checkpoint(PIN)
    assert add(BEGINS, name="Begins.py").code == 0
    place = tmp_path / "ws"
    assert yolopatch("apply", "--repo", PIN, "--module", "Begins", "--dest", place).code == 0
    yolopatch("render-cfg", "--module", "Begins", "--model", "yolo11", "--scale", "n", "--out", tmp_path)
    cfg, out = tmp_path / "yolo11n-Begins.yaml", tmp_path / "init.pt"
    ran = yolopatch("transplant", place, "--cfg", cfg, "--weights", weights, "--out", out)
    assert ran.code == 0, ran.err
    assert "8 initialised" in ran.out
    ran = yolopatch("verify", place, "--cfg", cfg, "--check", "fuse", "--json")
    assert ran.check("fuse")["status"] == "pass", ran.out
    assert ran.check("fuse")["evidence"]["left_unfused_count"] == 0


DEEP = {
    "operators": f"y = {'+'.join(['x'] * 800)}",
    "attributes": f"y = x{'.a' * 800}",
    "calls": f"y = x{'.relu()' * 800}",
    "elif": "if x:\n            y = x\n" + "        elif x == 3:\n            y = x\n" * 800,
    "elif, too many for Python": "if x:\n            y = x\n" + "        elif x:\n            y = x\n" * 9000,
    "powers": f"y = {'**'.join(['x'] * 800)}",
    "minus": f"y = {'-' * 800}x",
    "lambdas": f"y = {'lambda: ' * 800}x",
    "choices": f"y = {'x if x else ' * 800}x",
    "operators, too many for Python": f"y = {'+'.join(['x'] * 90_000)}",
    "brackets, too many for Python": f"y = {'[' * 199}{']' * 199}",
}


@pytest.mark.parametrize("kind", DEEP)
def test_code_that_is_too_deep_is_refused(kind, paste, yolopatch, tmp_path):
    head = "import torch.nn as nn\n\n\nclass MyConv(nn.Module):\n    def forward(self, x):\n        "
    ran = yolopatch("add", paste(f"{head}{DEEP[kind]}\n        return x\n"), "--catalog", tmp_path / "own")
    assert ran.code == 1
    assert "too deep for Python" in ran.err or "in one chain, or inside each other" in ran.err
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize("text", [f"y = {'-' * 140}x", f"y = x{'.a' * 140}", f"y = {'+'.join(['x'] * 140)}"])
def test_code_that_is_as_deep_as_allowed_can_be_worked_with(text, paste, yolopatch, tmp_path):
    head = "import torch.nn as nn\n\n\nclass MyConv(nn.Module):\n    def __init__(self, c1, c2, k=3, s=1):\n"
    head += (
        "        super().__init__()\n        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)\n\n    def forward(self, x):\n"
    )
    file = paste(f"{head}        {text}\n        return self.conv(y)\n")
    assert yolopatch("add", file, "--catalog", tmp_path / "own", "--like", "Conv2d").code == 0
