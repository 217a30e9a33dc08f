"""The TOML file of a grid: what it means, and what is said of one that is wrong."""

from __future__ import annotations

import pytest

from yolopatch.core.ablate.grid import folder_name, read_grid, run_id
from yolopatch.errors import UsageError

WHERE = "grid.toml"
HEAD = """
model = "yolo11"
scales = ["n", "s"]
data = "data.yaml"
seeds = [0, 1, 2]
baseline = "base"
"""
ARMS = """
[[arm]]
name = "base"

[[arm]]
name = "SPConv+EMA"
module = ["SPConv", "EMA"]
placement = ["SPConv:backbone-down", "EMA:+10"]
"""
END = """
[train]
epochs = 100
imgsz = 640
[start]
weights = "yolo11{scale}.pt"
"""


def test_a_grid_is_read_as_it_is_written():
    grid = read_grid(HEAD + ARMS + END, WHERE)
    assert (grid.model, grid.scales, grid.data, grid.seeds) == ("yolo11", ("n", "s"), "data.yaml", (0, 1, 2))
    assert [arm.name for arm in grid.arms] == ["base", "SPConv+EMA"]
    assert grid.arm("SPConv+EMA").placements == ("SPConv:backbone-down", "EMA:+10")
    assert grid.train == {"epochs": 100, "imgsz": 640}
    assert grid.weights == "yolo11{scale}.pt"
    assert (grid.checkpoint, grid.seed_patch, grid.compat) == ("best", True, False)


def test_without_a_baseline_the_first_arm_is_it():
    assert read_grid(HEAD.replace('baseline = "base"', "") + ARMS, WHERE).baseline == "base"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("SPConv+EMA", "SPConv+EMA"), ("a/b c", "a_b_c"), ("..", "_."), ("-x", "_x"), ("基线", "基线"), ("a:b", "a_b")],
)
def test_an_arm_has_a_folder_whatever_its_name(name, expected):
    assert folder_name(name) == expected
    assert run_id(name, "n", 3) == f"{expected}-n-3"


@pytest.mark.parametrize(
    ("text", "said", "also"),
    [
        (HEAD + ARMS + '[[arm]]\nname = "base"\nmodule = ["DSConv"]', "two arms with the name base", ""),
        (HEAD + ARMS + '[[arm]]\nname = "again"', "the arms base and again are the same model", "more seeds"),
        (
            HEAD + ARMS + '[[arm]]\nname = "turned"\nmodule = ["ema", "sp_conv"]\n'
            'placement = ["EMA:+10", "SPConv:backbone-down"]',
            "the arms SPConv+EMA and turned are the same model",
            "",
        ),
        (HEAD + ARMS + '[[arm]]\nname = "SPConv EMA"\n[[arm]]\nname = "SPConv/EMA"\nmodule = ["DSConv"]', "folder", ""),
        (HEAD.replace("[0, 1, 2]", "[0, 1, 0]") + ARMS, "names a seed twice: 0", ""),
        (HEAD.replace('["n", "s"]', '["n", "N"]') + ARMS, "names a scale twice: n", ""),
        (HEAD.replace("[0, 1, 2]", "[]") + ARMS, "seeds is not as it must be", "whole numbers"),
        (HEAD.replace("[0, 1, 2]", "[0.5]") + ARMS, "seeds is not as it must be", "whole numbers"),
        (HEAD.replace("[0, 1, 2]", "[true]") + ARMS, "seeds is not as it must be", "whole numbers"),
        (HEAD.replace("[0, 1, 2]", "[-1]") + ARMS, "seeds is not as it must be", "whole numbers"),
        (HEAD.replace('"base"', '"bass"') + ARMS, "unknown baseline", "did you mean base"),
        (HEAD, "has no arm", "[[arm]]"),
        (HEAD.replace("model", "modle") + ARMS, "unknown key", "did you mean model"),
        (HEAD + ARMS.replace("placement", "placements"), "unknown key", "did you mean placement"),
        (HEAD + ARMS + "[train]\nseed = 3", "[train] has seed", "use seeds"),
        (HEAD + ARMS + '[train]\nmodel = "x.yaml"', "[train] has model", "[[arm]]"),
        (HEAD + ARMS + '[train]\nname = "x"', "which yolopatch sets for each run", ""),
        (HEAD + ARMS + "[train]\nbatch = {a = 1}", "[train] batch is", ""),
        (HEAD + ARMS + "train = 3", "unknown key", ""),  # it is a key of the arm above
        ("train = 3" + HEAD + ARMS, "train is not a table", "[train]"),
        (HEAD + ARMS + "[start]\nweight = 'a.pt'", "unknown key", "did you mean weights"),
        (HEAD + ARMS + '[[arm]]\nname = "x"\ncfg = "x.yaml"\nplacement = ["+4"]', "a YAML of its own", ""),
        (HEAD + ARMS + '[[arm]]\nname = "x"\nflavor = "blog"', "flavor is not as it must be", "paper or tutorial"),
        (HEAD + ARMS + '[[arm]]\nname = "a\\nb"\nmodule = ["DSConv"]', "name is not as it must be", "one line"),
        ('checkpoint = "first"' + HEAD + ARMS, "checkpoint is not as it must be", '"best" or "last"'),
        ("seed_patch = 1" + HEAD + ARMS, "seed_patch is not as it must be", "true or false"),
        ("model: yolo11", "is not TOML", "docs/ablation.md"),
        ("a = " + "[" * 100_000, "is not TOML", ""),
        ("#" * 300_000, "300,000 characters", ""),
        (HEAD.replace("[0, 1, 2]", str(list(range(30_000)))) + ARMS, "120,000 runs", ""),
    ],
)
def test_a_wrong_grid_is_refused_with_what_is_wrong(text, said, also):
    with pytest.raises(UsageError) as caught:
        read_grid(text, WHERE)
    told = "\n".join([caught.value.what, *caught.value.details, caught.value.hint])
    assert said in told
    assert also in told
