"""What a checkpoint's stamp may say, how it differs from a fork built here, and what is guessed without a stamp."""

from __future__ import annotations

import pytest

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.pins import PINS
from yolopatch.core.checkpoint.allowed import unknown_names
from yolopatch.core.checkpoint.fork_differences import other_commits, other_patches, user_changes
from yolopatch.core.checkpoint.guess_fork import guess_fork
from yolopatch.core.checkpoint.stamp import printable, read_stamped
from yolopatch.core.workspace.commit_message import Applied, Committed
from yolopatch.errors import YolopatchError

SUM, OTHER, COMMIT, LATER = "a" * 64, "b" * 64, "c" * 40, "d" * 40
STAMP = {
    "pin": "ultralytics-8.3.0",
    "source": "git",
    "modules": [{"name": "DSConv", "flavor": "paper", "patch": SUM}],
    "compat": SUM,
    "version": "1.0.0",
    "built_on": COMMIT,
    "commit": COMMIT,
    "head": None,
    "edited": ["a.py"],
    "yaml": {"nc": 80},
    "error": "",
}


def test_a_whole_stamp_is_read():
    found = read_stamped(STAMP)
    assert (found.pin, found.source, found.version) == ("ultralytics-8.3.0", "git", "1.0.0")
    assert (found.compat, found.commit, found.head) == (SUM, COMMIT, None)
    assert [(one.name, one.flavor, one.patch) for one in found.modules] == [("DSConv", "paper", SUM)]
    assert (found.edited, found.yaml, found.error) == (("a.py",), {"nc": 80}, "")


def test_what_a_fork_could_not_say_is_left_out():
    found = read_stamped({**STAMP, "compat": None, "commit": None, "yaml": "none", "error": "no\x1bgit"})
    assert (found.compat, found.commit, found.yaml, found.error) == (None, None, None, "no?git")


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ("a text", "stamp: found "),
        ({"pin": None}, "pin: found None"),
        ({"pin": "two words"}, "pin: found 'two words'"),
        ({"source": 3}, "source: found 3"),
        ({"modules": "DSConv"}, "modules: found 'DSConv'"),
        ({"modules": ["DSConv"]}, "modules: found 'DSConv'"),
        ({"modules": [{"name": "DSConv", "flavor": "paper", "patch": "short"}]}, "patch: found 'short'"),
        ({"compat": "0"}, "compat: found '0'"),
        ({"built_on": "HEAD"}, "built_on: found 'HEAD'"),
        ({"head": "\x1b[2J"}, r"head: found '\x1b[2J'"),
        ({"edited": "a.py"}, "edited: found 'a.py'"),
    ],
)
def test_a_stamp_of_another_form_is_refused_with_the_part(changed, found):
    with pytest.raises(YolopatchError, match="stamp is damaged") as caught:
        read_stamped({**STAMP, **changed} if isinstance(changed, dict) else changed)
    assert caught.value.details[0].startswith(found)


def test_what_is_shown_of_a_stamp_is_short_and_printable():
    assert printable("a\x1b[31m\n") == "a?[31m?"
    assert len(printable("x" * 1000)) == 200
    assert printable({"a": 1}) == "{'a': 1}"


def test_each_difference_from_what_is_built_here_is_one_line():
    stamped = read_stamped(STAMP)
    same = [Applied("DSConv", "paper", SUM, "1.0.0", "")]
    assert list(other_patches(stamped, same, {COMPAT: Committed(SUM, "1.0.0")})) == []
    assert list(
        other_patches(stamped, [Applied("DSConv", "paper", OTHER, "1.0.0", "")], {COMPAT: Committed(OTHER, "1.0.0")})
    ) == [
        "the patch of DSConv (paper): aaaaaaaaaaaa in the checkpoint, bbbbbbbbbbbb here",
        "the compatibility patch: aaaaaaaaaaaa in the checkpoint, bbbbbbbbbbbb here",
    ]
    assert list(other_commits(stamped, "git", COMMIT, COMMIT)) == []
    assert list(other_commits(stamped, "wheel", LATER, LATER)) == [
        "the source: git in the checkpoint, wheel here",
        "the commit that the stamp is built on: cccccccccccc in the checkpoint, dddddddddddd here",
    ]
    assert list(other_commits(stamped, "git", COMMIT, LATER)) == [
        "the stamp's commit: cccccccccccc in the checkpoint, dddddddddddd here"
    ]


def test_changes_of_the_user_are_listed_up_to_eight_files():
    assert list(user_changes(read_stamped({**STAMP, "edited": []}))) == []
    many = read_stamped({**STAMP, "head": LATER, "edited": [f"{n}.py" for n in range(10)]})
    own, edited = user_changes(many)
    assert LATER in own
    assert edited.endswith("7.py and 2 more")


@pytest.mark.parametrize(
    ("asked", "version", "detail", "hint"),
    [
        ((), None, "no class of ultralytics or yolov5", "name a checkpoint"),
        (("ultralytics.nn.tasks.DetectionModel",), None, "(unknown version)", "no pin of that version; its pins: "),
        (("ultralytics.nn.tasks.DetectionModel",), "8.1.0", "8.1.0", "yolopatch port --to ultralytics==8.1.0 --save"),
        (("ultralytics.nn.tasks.DetectionModel",), "8.3.0", "8.3.0", "ultralytics 8.3.0 itself can load it"),
        (("models.yolo.Model",), None, "yolov5", "yolov5 6.1 itself can load it"),
        (("yolov5.models.yolo.Model",), None, "yolov5", "yolov5 pypi-6.1.0 itself can load it"),
        (
            ("ultralytics.nn.modules.dsconv.DSConv2D", "torch.nn.Conv2d"),
            "8.3.0",
            "8.3.0",
            "yolopatch apply --repo ultralytics-8.3.0 --module DSConv",
        ),
    ],
)
def test_without_a_stamp_the_names_in_a_checkpoint_are_a_guess(asked, version, detail, hint):
    found = guess_fork(asked, version)
    assert detail in found.details[0]
    assert hint in found.hint


def test_names_that_no_file_of_the_workspace_defines_are_unknown():
    texts = {
        "ultralytics/nn/modules/own_x.py": "class X: pass\n",
        "ultralytics/nn/tasks.py": "class SafeUnpickler: pass\nclass DetectionModel: pass\n",
    }

    def read(paths):
        return {path: texts[path] for path in paths if path in texts}

    asked = [
        "collections.defaultdict",
        "torch.nn.modules.conv.Conv2d",
        "torch.FloatStorage",
        "ultralytics.nn.modules.own_x.X",
        "ultralytics.nn.modules.own_x.Y",
        "ultralytics.nn.modules.gone.X",
        "ultralytics.nn.tasks.DetectionModel",
        "ultralytics.nn.tasks.SafeUnpickler",
        "ultralytics.engine.trainer.Trainer",
        "os.system",
    ]
    assert unknown_names(PINS["ultralytics-8.3.0"], asked, read) == (
        "ultralytics.nn.modules.own_x.Y",
        "ultralytics.nn.modules.gone.X",
        "ultralytics.nn.tasks.SafeUnpickler",
        "ultralytics.engine.trainer.Trainer",
        "os.system",
    )
