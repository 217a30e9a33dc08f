"""Child processes: ended with all that they started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.errors import SourceError, YolopatchError
from yolopatch.outside.child.group import end_group, start_group
from yolopatch.outside.child.memory import memory_of
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.probe import listen as listening
from yolopatch.outside.probe.facts import ask_facts
from yolopatch.outside.probe.run import run_in_workspace
from yolopatch.outside.source import pypi
from yolopatch.wire.facts import Question
from yolopatch.wire.tasks import TRAIN
from yolopatch.wire.training import TrainRequest

# It starts another process, which holds the pipes open, and waits.
PARENT = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path({pid!r}).write_text(str(child.pid))
time.sleep(60)
"""


def _until(condition) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # where init reaps nobody, a dead process stays as a zombie
    return not (stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_group_is_ended_with_all_that_it_started(tmp_path):
    file = tmp_path / "pid"
    process = start_group(
        [sys.executable, "-c", PARENT.format(pid=str(file))],
        folder=tmp_path,
        variables=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _until(lambda: file.is_file() and file.read_text())
    end_group(process)
    assert process.returncode < 0
    _until(lambda: not _runs(int(file.read_text())))


_START_ONE_THAT_ENDS_WITH_US = """
import os, pathlib, subprocess, sys, time
from yolopatch.outside.child.group import start_group
start_group([sys.executable, "-c", sys.argv[1]], folder=pathlib.Path("."), variables=os.environ,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, ends_with_us=True)
time.sleep(60)
"""


def test_what_was_started_by_a_child_that_dies_with_us_dies_too(tmp_path):
    """As what `python -m venv` starts to put pip into the environment."""
    file = tmp_path / "pid"
    code = PARENT.format(pid=str(file))
    ours = subprocess.Popen([sys.executable, "-c", _START_ONE_THAT_ENDS_WITH_US, code], cwd=tmp_path)
    _until(lambda: file.is_file() and file.read_text())
    ours.kill()
    ours.wait()
    _until(lambda: not _runs(int(file.read_text())))


_HOLDS = """
import subprocess, sys, time
held = bytearray(100 * 2**20)
if len(sys.argv) > 1:
    child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
    child.stdout.readline()
print("holds", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it")
def test_the_memory_of_a_child_is_counted_with_all_that_it_started():
    child = subprocess.Popen([sys.executable, "-c", _HOLDS, _HOLDS], stdout=subprocess.PIPE, start_new_session=True)
    child.stdout.readline()
    try:
        assert 200 * 2**20 < memory_of(child.pid) < 300 * 2**20
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
    assert memory_of(child.pid) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it")
def test_a_model_that_fills_the_memory_is_stopped_with_the_line_that_did(full_workspace, monkeypatch, tmp_path):
    """The limit is three quarters of the machine's memory; here it is less than importing torch takes."""
    monkeypatch.setattr(listening, "most_memory", lambda: 60 * 2**20)
    workspace = full_workspace("ultralytics-8.3.0")
    with pytest.raises(YolopatchError, match=r"stopped: it held more than 0\.1 GB of memory") as caught:
        ask_facts(workspace, PINS["ultralytics-8.3.0"], [Question("yolo11n.yaml", "n")], python=sys.executable)
    assert "may be made to hang or to fill the memory" in caught.value.hint


_ASK_GIT = "import pathlib; from yolopatch.outside.git.command import Repository as R\nR(pathlib.Path('.')).run('gc')"


def test_a_git_that_works_dies_with_us_and_so_does_what_it_started(tmp_path):
    ours = _run_with_git(tmp_path, f'sleep 60 & echo "$$ $!" > "{tmp_path}/new"; mv new pids; wait')
    pids = tmp_path / "pids"
    _until(pids.is_file)
    ours.kill()
    ours.wait()
    for pid in pids.read_text().split():
        _until(lambda pid=int(pid): not _runs(pid))


def test_killed_at_any_moment_we_leave_no_git(tmp_path):
    """Whether git has just been started, or is about to be."""
    for moment in range(12):
        ours = _run_with_git(tmp_path, f'echo $$ >> "{tmp_path}/pids"; exec sleep 60')
        _until(lambda: (tmp_path / "bin/asked").is_file())
        time.sleep(moment / 1000)
        ours.kill()
        ours.wait()
        (tmp_path / "bin/asked").unlink()
    time.sleep(0.2)
    pids = (tmp_path / "pids").read_text().split() if (tmp_path / "pids").is_file() else []
    assert not [pid for pid in pids if _runs(int(pid))]


def test_git_is_not_in_the_group_that_ctrl_c_reaches(tmp_path):
    ours = _run_with_git(tmp_path, f'ps -o pgid= -p $$ > "{tmp_path}/group"')
    ours.wait()
    assert int((tmp_path / "group").read_text()) not in (ours.pid, os.getpgid(0))


def _run_with_git(tmp_path, gc):
    """Start a process that runs `git gc`, where git is a script."""
    real, git = shutil.which("git"), tmp_path / "bin/git"
    git.parent.mkdir(exist_ok=True)
    asked = git.with_name("asked")
    git.write_text(f'#!/bin/sh\ncase "$*" in *" gc") touch "{asked}"; {gc}; exit;; esac\nexec "{real}" "$@"\n')
    git.chmod(0o755)
    variables = {**os.environ, "PATH": f"{git.parent}:{os.environ['PATH']}"}
    return subprocess.Popen([sys.executable, "-c", _ASK_GIT], cwd=tmp_path, env=variables)


def test_a_pip_that_hangs_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    file = tmp_path / "pid"

    def start(command, **options):
        process = start_group([sys.executable, "-c", PARENT.format(pid=str(file))], **options)
        _until(lambda: file.is_file() and file.read_text())
        return process

    monkeypatch.setattr(pypi, "start_group", start)
    monkeypatch.setattr(pypi, "TIMEOUT", 0.2)
    with pytest.raises(SourceError, match=r"pip download ultralytics==8\.3\.0 did not end in 0\.2 s"):
        pypi.download_version("ultralytics", "8.3.0", tmp_path)
    _until(lambda: not _runs(int(file.read_text())))


def test_a_key_that_upstream_prints_is_not_in_the_message(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef")
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "invalid key $WANDB_API_KEY for https://me:word@host/"\nexit 1\n')
    python.chmod(0o755)
    interpreter = Interpreter("3.11.9", str(tmp_path), False, False, {}, {}, {}, {}, "", str(python))
    request = TrainRequest(str(tmp_path), "ultralytics", "x.py", (), (), None)
    with pytest.raises(YolopatchError) as caught:
        run_in_workspace(TRAIN, request, tmp_path, interpreter, tmp_path / "logs", print, what="the training")
    assert caught.value.details[0] == "invalid key *** for https://***@host/"


@pytest.mark.parametrize("keeps_log", [True, False])
def test_a_log_is_named_only_where_it_stays(keeps_log, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho boom\nexit 3\n")
    python.chmod(0o755)
    interpreter = Interpreter("3.11.9", str(tmp_path), False, False, {}, {}, {}, {}, "", str(python))
    with pytest.raises(YolopatchError, match="the training ended with exit code 3") as caught:
        run_in_workspace(
            TRAIN,
            TrainRequest(str(tmp_path), "ultralytics", "x.py", (), (), None),
            tmp_path,
            interpreter,
            tmp_path / "logs",
            print,
            what="the training",
            keeps_log=keeps_log,
        )
    error = caught.value
    assert error.details[0] == "boom"
    if keeps_log:
        assert error.hint == f"the whole log: {tmp_path / 'logs' / 'log'}"
    else:
        assert str(tmp_path / "logs") not in " ".join((error.hint, *error.details))
        assert error.hint.endswith(f"yolopatch doctor {tmp_path} --python {python}")
