"""`--seeds`: the seed reaches the loader's workers; a commit of its own, in and out again, and never unasked."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from yolopatch import __version__
from yolopatch.catalog.environment.fix_patches import SEEDS
from yolopatch.catalog.environment.seeds import SEED_FIXES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import fix_file
from yolopatch.core.patch.compat import broken_lines
from yolopatch.errors import YolopatchError
from yolopatch.maintain.patches import read_originals, render_fixes
from yolopatch.outside.workspace.checkout import read_checkout
from yolopatch.steps.verify.history import read_history
from yolopatch.steps.workspace.patchset import needed

PIN = "ultralytics-8.3.0"
ALL = [pin for pin, fixes in SEED_FIXES.items() if fixes]
UNSEEDED = "yolov5-pypi-6.1.0"
BUILD = "ultralytics/data/build.py"


def test_every_pin_is_named():
    assert list(SEED_FIXES) == list(PINS)


def test_the_list_of_pins_says_which_have_it(yolopatch):
    rows = yolopatch("list", "pins", "--json").json["pins"]
    assert [row["name"] for row in rows if "seeds" in row["fix_patches"]] == ALL
    assert "--compat, --seeds" in yolopatch("list", "pins").out


@pytest.mark.parametrize("pin", ALL)
def test_the_patch_is_the_fixes_and_the_pin_has_their_lines(pin, need_pin):
    need_pin(pin)
    originals = read_originals(PINS[pin])
    assert [len(broken_lines(fix, originals[fix.path])) for fix in SEED_FIXES[pin]] == [1]
    assert fix_file(pin, "seeds").read_text() == render_fixes(PINS[pin], SEEDS, originals)


def test_the_seed_patch_is_one_commit_between_the_fixes_and_the_modules(apply, yolopatch, tmp_path, git_in):
    told = apply("w", "--seeds", "--compat", "--module", "DSConv").json
    place = tmp_path / "w"
    subjects = git_in(place, "log", "--reverse", "--format=%s").splitlines()
    assert subjects[1:] == [
        "Run on newer libraries",
        "Let the seed reach the workers",
        "Add DSConv (paper)",
        "Stamp checkpoints",
    ]
    trailers = git_in(place, "log", "-1", "--format=%(trailers:only)", "HEAD~2").splitlines()
    assert trailers[1].startswith("Yolopatch-Seeds: sha256:")
    assert trailers[2] == f"Yolopatch-Version: {__version__}"
    assert (told["seeds"], told["compat"]) == (True, True)
    assert "seeds     the seed reaches the workers" in yolopatch("status", place).out
    assert yolopatch("status", place, "--json").json["clean"] is True
    assert fix_file(PIN, "seeds").read_text().endswith(yolopatch("diff", place, "--seeds").out)
    assert read_history(read_checkout(place)).tree_differs == ()


def test_any_order_gives_one_commit_id_and_without_the_patch_everything_is_as_before(apply, yolopatch, tmp_path):
    parts = (["--seeds"], ["--compat"], ["--module", "DSConv"])
    orders = (parts, parts[::-1])
    commits = {
        [apply(f"w{number}", *arguments).json["commit"] for arguments in order][-1]
        for number, order in enumerate(orders)
    }
    assert len(commits) == 1
    assert apply("w0", "--seeds").json["changed"] is False
    removed = yolopatch("remove", "--seeds", tmp_path / "w0", "--json").json
    assert (removed["seeds"], removed["commit"]) == (False, apply("v", "--compat", "--module", "DSConv").json["commit"])


def test_a_pin_whose_workers_get_the_seed_needs_no_patch(apply):
    ran = apply("w", "--seeds", "--module", "DSConv", pin=UNSEEDED)
    assert f"{UNSEEDED} needs no seed patch" in ran.err
    assert ran.json["seeds"] is False


def test_a_pin_of_the_users_own_is_refused_with_the_reason(tmp_path):
    with pytest.raises(YolopatchError, match="there is no seed patch") as caught:
        needed(replace(PINS[PIN], home=tmp_path), [SEEDS])
    assert "leave --seeds out; ultralytics 8.4.125 and newer need no such patch" in caught.value.hint


@pytest.mark.parametrize("command", ["remove", "diff"])
def test_what_is_not_there_is_neither_removed_nor_shown(command, apply, yolopatch, tmp_path):
    apply("w", "--module", "DSConv")
    ran = yolopatch(command, tmp_path / "w", "--seeds")
    assert ran.code == 1
    assert "does not have the seed patch" in ran.err
    both = yolopatch("diff", tmp_path / "w", "--seeds", "--compat")
    assert (both.code, "--compat and --seeds cannot be used together" in both.err) == (2, True)


@pytest.mark.more
def test_doctor_says_where_the_seed_does_not_reach_and_the_patch_ends_it(apply, yolopatch, tmp_path):
    apply("w", "--module", "DSConv")

    def told(fixed: bool) -> list[tuple[str, str]]:
        (case,) = yolopatch("doctor", tmp_path / "w", "--json").json["cases"]
        assert case["seeds"] is fixed
        return [(one["where"], one["hint"]) for one in case["ailments"] if "`seed`" in one["what"]]

    ((where, hint),) = told(False)
    assert where == f"{BUILD}:134"
    assert f"yolopatch apply --repo {PIN} --seeds --dest {tmp_path / 'w'}" in hint
    apply("w", "--seeds")
    assert told(True) == []


# What the loader gives for two seeds, without workers and with two: the case of the public reports.
_BATCHES = """
import json, sys, tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from yolopatch.probe.upstreams.opening import open_upstream
from yolopatch.probe.measure.loaders import first_epoch

if __name__ == "__main__":
    upstream = open_upstream("ultralytics")
    folder = Path(tempfile.mkdtemp()) / "images"
    epochs = {str(w): [vars(first_epoch(upstream, folder, s, w)) for s in (1, 2, 1)] for w in (0, 2)}
    print("BATCHES", json.dumps(epochs))
"""


@pytest.mark.slow
@pytest.mark.parametrize("pin", ALL)
def test_with_the_patch_two_seeds_give_other_batches_and_one_seed_the_same(pin, apply, in_upstream, tmp_path):
    apply("w", "--seeds", pin=pin)
    place = tmp_path / "w"
    said = in_upstream(place, _BATCHES, str(place))
    (line,) = [line for line in said.splitlines() if line.startswith("BATCHES")]
    for workers, (one, other, again) in json.loads(line.removeprefix("BATCHES ")).items():
        assert one == again
        assert one["augmented"] != other["augmented"], workers
        assert one["order"] != other["order"], workers


# The same as one process of a training on several GPUs, whose sampler is torch's DistributedSampler.
_DISTRIBUTED = """
import os, sys, tempfile
from functools import partial
os.environ["RANK"] = "0"
import torch.distributed
import ultralytics.data.build as build

if __name__ == "__main__":
    torch.distributed.init_process_group("gloo", init_method="file://" + tempfile.mktemp(), rank=0, world_size=1)
    build.build_dataloader = partial(build.build_dataloader, rank=0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("pin", ALL)
def test_on_several_gpus_the_patch_reaches_the_augmentation_and_not_the_order(pin, apply, in_upstream, tmp_path):
    apply("w", "--seeds", pin=pin)
    place = tmp_path / "w"
    said = in_upstream(place, _DISTRIBUTED + _BATCHES, str(place))
    (line,) = [line for line in said.splitlines() if line.startswith("BATCHES")]
    for one, other, again in json.loads(line.removeprefix("BATCHES ")).values():
        assert one == again
        assert one["augmented"] != other["augmented"]
        assert one["order"] == other["order"]
