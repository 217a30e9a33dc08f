"""The commands that messages name: they work when they are typed, in the user's own shell."""

from __future__ import annotations

import shlex
from pathlib import Path, PureWindowsPath

import pytest

from yolopatch.wire import shell

WORDS = ["plain", "with space", "--placement", "1,3,5", "it's", "中文/路径", "$HOME", "a&b", ""]


def test_a_shell_reads_back_the_same_words():
    assert shlex.split(shell.join(WORDS)) == WORDS
    lines = shell.wrap([WORDS[:3], WORDS[3:]])
    assert shlex.split(lines.replace(" \\\n", "")) == WORDS


@pytest.fixture
def _windows(monkeypatch):
    monkeypatch.setattr("sys.platform", "win32")


@pytest.mark.usefixtures("_windows")
@pytest.mark.parametrize(
    ("word", "written"),
    [
        (PureWindowsPath(r"D:\work\yolo"), r"D:\work\yolo"),
        (PureWindowsPath(r"C:\Users\张 三"), r'"C:\Users\张 三"'),
        ("1,3,5", '"1,3,5"'),  # without quotes, PowerShell makes a list of it
        ("a&b", '"a&b"'),
        ("", '""'),
    ],
)
def test_on_windows_a_word_means_the_same_in_cmd_and_in_powershell(word, written):
    assert shell.quote(word) == written


@pytest.mark.usefixtures("_windows")
def test_on_windows_the_commands_for_files_are_those_that_it_has():
    old = PureWindowsPath(r"D:\a b\x.yaml")
    assert shell.move(old, f"{old}.mine") == r'move "D:\a b\x.yaml" "D:\a b\x.yaml.mine"'
    assert shell.remove(old) == r'del "D:\a b\x.yaml"'
    assert shell.copy_folder(old.parent, "DIR") == r'xcopy /E /H /I "D:\a b" DIR'
    assert shell.show_permissions(old) == r'icacls "D:\a b\x.yaml"'
    assert shell.make_folder(PureWindowsPath(r"D:\new")) == r"mkdir D:\new"
    assert shell.activate(PureWindowsPath(r"D:\env\Scripts\activate")) == r"D:\env\Scripts\activate"
    assert shell.wrap([["yolopatch", "verify"], ["w"]]) == "yolopatch verify w"
    assert shell.set_variable("YOLOPATCH_CACHE", "DIR").startswith("set YOLOPATCH_CACHE=DIR ")


@pytest.mark.usefixtures("_windows")
def test_on_windows_commands_that_follow_each_other_are_told_one_by_one():
    assert shell.in_turn("git add -u", "git stash") == "`git add -u`, then `git stash`"
    assert shell.in_turn("git stash") == "`git stash`"


def test_elsewhere_the_second_command_is_typed_with_the_first():
    assert shell.in_turn("git add -u", "git stash") == "`git add -u && git stash`"


def test_elsewhere_they_are_those_of_posix():
    assert shell.move(Path("a b"), "c") == "mv 'a b' c"
    assert shell.remove(Path("a")) == "rm a"
    assert shell.copy_folder(Path("a b"), "DIR") == "cp -r 'a b' DIR"
    assert shell.show_permissions("/a b") == "ls -ld '/a b'"
    assert shell.make_folder(Path("a/b")) == "mkdir -p a/b"
    assert shell.activate("env/bin/activate") == "source env/bin/activate"
    assert shell.set_variable("YOLOPATCH_CACHE", "DIR") == "export YOLOPATCH_CACHE=DIR"
