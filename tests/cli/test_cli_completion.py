"""Completion: the scripts in the shells that are installed, and the protocol of the one that is seldom there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.cli.group import _COMMANDS

# Each prints what the shell offers for the line in $LINE, one word a line: by the shell's own machinery.
_BASH = r"""
eval "$(yolopatch completion bash)"
read -ra COMP_WORDS <<< "$LINE"
[[ $LINE == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { echo "compopt $*"; }
_yolopatch_completion yolopatch
printf '%s\n' "${COMPREPLY[@]}"
"""
_FISH = r"""
yolopatch completion fish | source
complete --do-complete "$LINE"
"""
# A terminal of its own, in which keys are pressed.
_ZSH = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1=; LISTMAX=10000; autoload -Uz compinit; compinit -u -D; eval "$(yolopatch completion zsh)"'
zpty -w z 'echo read''y'
zpty -r z seen '*ready*'
zpty -w -n z "$LINE"$'\t\t'
sleep 8
zpty -w -n z $'\C-u'
zpty -w z 'echo don''e'
zpty -r z seen '*done*'
print -r -- "$seen"
"""


@pytest.fixture
def offered(tmp_path):
    """Ask a shell what it offers for a line; gives the words."""

    def ask(shell: str, line: str) -> str:
        if shutil.which(shell) is None:
            pytest.skip(f"{shell} is not installed")
        script = {"bash": _BASH, "fish": _FISH, "zsh": _ZSH}[shell]
        commands = tmp_path / "bin"
        commands.mkdir(exist_ok=True)
        (commands / "yolopatch").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m yolopatch "$@"\n')
        (commands / "yolopatch").chmod(0o755)
        where = tmp_path / "here"
        where.mkdir(exist_ok=True)
        environment = os.environ | {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "HOME": str(tmp_path),
            "LINE": line,
            "TERM": "dumb",
        }
        options = {"bash": ["--norc"], "fish": ["--no-config"], "zsh": ["-f"]}[shell]
        done = subprocess.run(
            [shell, *options, "-c", script],
            env=environment,
            cwd=where,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return ask


@pytest.mark.parametrize("shell", ["bash", "fish"])
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("yolopatch re", ["remove", "render-cfg", "reproduce", "restore"]),
        ("yolopatch apply --module ds", ["DSConv"]),
        ("yolopatch apply --repo ultralytics-8.3", ["ultralytics-8.3.0"]),
        ("yolopatch render-cfg --model yolov9 --scale ", ["t", "s", "m", "c", "e", "all"]),
        ("yolopatch data ch", ["check"]),
        ("yolopatch env create yolo26-", ["yolo26-refconv"]),
    ],
)
def test_a_shell_offers_what_a_command_knows(shell, line, words, offered):
    found = [one.split("\t")[0] for one in offered(shell, line).splitlines()]
    assert set(words) <= set(found)
    typed = "" if line.endswith(" ") else line.split()[-1]
    assert all(one.casefold().startswith(typed.casefold()) for one in found)


def test_bash_goes_on_after_a_comma(offered):
    assert offered("bash", "yolopatch render-cfg --model yolo11 --scale n,").split() == [
        "n,n",
        "n,s",
        "n,m",
        "n,l",
        "n,x",
    ]


@pytest.mark.more
def test_zsh_offers_on_tab_what_a_command_knows(offered):
    shown = offered("zsh", "yolopatch apply --repo ultralytics-8")
    for pin in ("ultralytics-8.2.50", "ultralytics-8.3.0", "ultralytics-8.4.0"):
        assert pin in shown


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_yaml_files_of_the_folder_and_of_the_checkouts_in_it_are_offered(shell, offered, tmp_path):
    (tmp_path / "here" / "yolo-ws" / ".git").mkdir(parents=True)
    (tmp_path / "here" / "yolo-other").mkdir()
    for name in ("yolo11n-C3k2-DSConv.yaml", "yolo.txt", "yolo-ws/yolo26.yml", "yolo-other/data.yaml"):
        (tmp_path / "here" / name).write_text("nc: 80\n")
    found = offered(shell, "yolopatch verify yolo-ws --cfg yolo").split()
    assert sorted(found) == ["yolo-ws/yolo26.yml", "yolo11n-C3k2-DSConv.yaml"]
    assert offered(shell, "yolopatch verify yolo-ws --cfg yolo-other/").split() == ["yolo-other/data.yaml"]


def ask_by_protocol(yolopatch, monkeypatch, *words: str) -> list[str]:
    """Ask as the script for PowerShell does; the last word is the one that is typed."""
    monkeypatch.setenv("_YOLOPATCH_COMPLETE", "powershell_complete")
    monkeypatch.setenv("COMP_WORDS", "\n".join(["yolopatch", *words]).removesuffix("\n"))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    ran = yolopatch()
    assert (ran.code, ran.err) == (0, "")
    return ran.out.splitlines()


def test_powershell_gets_a_word_and_its_meaning_in_a_line(yolopatch, monkeypatch):
    found = ask_by_protocol(yolopatch, monkeypatch, "")
    assert [line.split("\t") for line in found] == [[name, text] for name, (_, text) in _COMMANDS.items()]
    assert ask_by_protocol(yolopatch, monkeypatch, "apply", "--module", "") == list(MODULES)
    assert ask_by_protocol(yolopatch, monkeypatch, "port", "--from", "ultralytics-8") == [
        pin for pin in PINS if pin.startswith("ultralytics-8")
    ]


def test_powershell_itself_offers_paths(yolopatch, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert ask_by_protocol(yolopatch, monkeypatch, "status", "") == []
    assert ask_by_protocol(yolopatch, monkeypatch, "verify", "--cfg", "") == []


def test_the_script_for_powershell_names_the_command_and_the_variable(yolopatch):
    told = yolopatch("completion", "powershell", "--json").json
    assert told["shell"] == "powershell"
    assert "Register-ArgumentCompleter -Native -CommandName yolopatch, 'yolopatch.exe'" in told["script"]
    assert "'_YOLOPATCH_COMPLETE' = 'powershell_complete'" in told["script"]
    assert "%(" not in told["script"]


def test_half_a_command_and_an_unknown_one_offer_nothing_wrong(yolopatch, monkeypatch):
    assert ask_by_protocol(yolopatch, monkeypatch, "lst") == []
    assert ask_by_protocol(yolopatch, monkeypatch, "apply", "--modul") == [
        "--module\tA module, or a class of it. Repeatable."
    ]


def test_an_unknown_shell_is_wrong_usage(yolopatch):
    ran = yolopatch("completion", "tcsh")
    assert ran.code == 2
    assert "bash" in ran.err


@pytest.mark.parametrize("question", ["tcsh_complete", "bash_source", "nonsense"])
def test_another_question_has_no_answer(yolopatch, monkeypatch, question):
    monkeypatch.setenv("_YOLOPATCH_COMPLETE", question)
    ran = yolopatch("--help")
    assert (ran.code, ran.out) == (1, "")
