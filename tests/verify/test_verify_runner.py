"""The runner of the checks: whatever ends its process, the check that ran fails and the others still run.

The probe here is a small stand-in that does what the test says in each check.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from yolopatch.errors import YolopatchError
from yolopatch.outside.probe import listen, process
from yolopatch.outside.probe.process import last_lines
from yolopatch.outside.probe.run_checks import run_checks
from yolopatch.wire.statuses import FAIL, PASS, SKIP
from yolopatch.wire.verification import History, VerifyRequest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
STAND_IN = """
import ctypes, json, os, signal, subprocess, sys, time
from pathlib import Path

envelope = json.loads(Path(sys.argv[1]).read_text())
request, plan = envelope["request"], json.loads(Path(__file__).with_name("plan.json").read_text())
answer = open(sys.argv[2], "a")

def emit(message, fields, end="\\n"):
    answer.write(json.dumps({"message": message, **fields}) + end)
    answer.flush()

def runs_with(python):
    return {"python": python, "torch": "2", "device": "cpu", "threads": 1, "cores": 2}

def spin():
    while True:
        time.sleep(0.01)

exec(plan["before"])
emit("RunsWith", runs_with("3"))
for check in request["checks"]:
    emit("CheckBegun", {"id": check})
    evidence, facts = {}, {}
    exec(plan["checks"].get(check, ""))
    summary = f"after {', '.join(request['crashed'])}"
    emit("CheckEnded", {"id": check, "status": "pass", "summary": summary, "evidence": evidence, "hint": "",
                        "seconds": 0.1, "facts": facts})
exec(plan["after"])
"""


@pytest.fixture
def run_plan(tmp_path, monkeypatch):
    """Run the stand-in: `plan` is the code of each check, `before` and `after` that around them."""
    stand_in = _stand_in(tmp_path, STAND_IN)
    monkeypatch.setattr(process, "PROBE", stand_in)

    def call(
        plan=None,
        before="",
        after="",
        checks=("forward", "fuse", "onnx"),
        timeout=30.0,
        watch=None,
        python=sys.executable,
    ):
        _write_plan(stand_in, {"checks": plan or {}, "before": before, "after": after})
        watch = watch or (lambda name, number, count: None)
        return run_checks(_request(tmp_path / "workspace"), checks, python=python, timeout=timeout, watch=watch)

    return call


def _stand_in(folder: Path, code: str) -> Path:
    file = folder / "stand-in" / "__main__.py"
    file.parent.mkdir()
    file.write_text(code)
    return file


def _write_plan(stand_in: Path, plan: dict) -> None:
    stand_in.with_name("plan.json").write_text(json.dumps(plan))


def _request(workspace: Path) -> VerifyRequest:
    return VerifyRequest(
        workspace=str(workspace),
        style="ultralytics",
        cfg="a.yaml",
        scale="n",
        imgsz=640,
        device=None,
        pristine=None,
        base=None,
        multiples=None,
        history=History(False, None, {}),
    )


def _statuses(answers) -> list[str]:
    return [outcome.status for outcome in answers.outcomes]


def _is_running(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def _ends(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _is_running(pid)


def test_answers_come_in_order_with_facts_environment_and_progress(run_plan):
    seen = []
    plan = {"forward": "facts = {'model': {'a': 1}}", "fuse": "facts = {'model': {'b': 2}, 'task': 'detect'}"}
    answers = run_plan(plan, watch=lambda *step: seen.append(step))
    assert [outcome.id for outcome in answers.outcomes] == ["forward", "fuse", "onnx"]
    assert _statuses(answers) == [PASS] * 3
    assert answers.facts == {"model": {"a": 1, "b": 2}, "task": "detect"}
    assert answers.environment["python"] == "3"
    assert seen == [("forward", 1, 3), ("fuse", 2, 3), ("onnx", 3, 3)]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ctypes.string_at(0)", "the process ended in this check with signal 11 (SIGSEGV)"),
        ("os._exit(3)", "the process ended in this check with exit code 3"),
        ("os._exit(0)", "the process ended in this check with exit code 0"),
        ("sys.exit('no more')", "the process ended in this check with exit code 1"),
        ("raise KeyboardInterrupt", "the process ended in this check with"),
        ("os.kill(os.getpid(), 9)", "the process was killed in this check (signal 9): out of memory?"),
        ("os.kill(os.getpid(), signal.SIGRTMIN + 5)", "(unknown)"),
    ],
    ids=["crash", "exit 3", "exit 0", "sys.exit", "interrupt", "killed", "a signal without a name"],
)
def test_what_ends_the_process_fails_its_check_and_the_others_still_run(run_plan, code, said):
    seen = []
    answers = run_plan(
        {"forward": "print('of another check'); time.sleep(0.2)", "fuse": f"print('last words'); {code}"},
        watch=lambda *step: seen.append(step),
    )
    forward, fuse, onnx = answers.outcomes
    assert (forward.status, fuse.status, onnx.status) == (PASS, FAIL, PASS)
    assert said in fuse.summary
    assert "last words" in fuse.evidence["output"] or "Fatal Python error" in fuse.evidence["output"][0]
    assert "of another check" not in fuse.evidence["output"]
    assert fuse.hint
    assert onnx.summary == "after fuse"
    assert [step[:2] for step in seen] == [("forward", 1), ("fuse", 2), ("onnx", 3)]


def test_a_check_that_hangs_is_stopped_and_says_where_it_was(run_plan):
    begun = time.monotonic()
    answers = run_plan({"fuse": "spin()"}, timeout=1)
    assert time.monotonic() - begun < 15
    assert _statuses(answers) == [PASS, FAIL, PASS]
    hung = answers.outcomes[1]
    assert hung.summary == "the process did not end in this check in 1 s and was stopped"
    assert hung.evidence["output"][0] == "Fatal Python error: Aborted"
    assert "in spin" in "\n".join(hung.evidence["output"][1:4])
    assert "--timeout 2" in hung.hint
    assert hung.seconds >= 1


def test_one_that_does_not_even_let_itself_be_stopped_is_killed(run_plan, monkeypatch):
    monkeypatch.setattr(process, "_PATIENCE", 0.2)
    ignore = "import faulthandler; faulthandler.disable(); signal.signal(signal.SIGABRT, signal.SIG_IGN)"
    answers = run_plan({"forward": f"{ignore}; print('stuck'); spin()"}, timeout=0.5)
    assert _statuses(answers) == [FAIL, PASS, PASS]
    assert answers.outcomes[0].evidence["output"] == ["stuck"]


def test_much_output_is_no_failure_and_only_its_end_is_shown(run_plan):
    loud = "print('x' * 10_000_000); print('y\\n' * 30, 'the end')"
    answers = run_plan({"forward": loud, "fuse": f"{loud}; os._exit(1)"})
    assert _statuses(answers) == [PASS, FAIL, PASS]
    lines = answers.outcomes[1].evidence["output"]
    assert len(lines) == process.LINES
    assert lines[-1] == " the end"
    assert max(map(len, lines)) <= 200


def test_endless_output_is_stopped_before_it_fills_the_disk(run_plan, monkeypatch):
    monkeypatch.setattr(listen, "_MOST_OUTPUT", 2**20)
    answers = run_plan({"fuse": "while True: print('again ' * 1000)"})
    assert _statuses(answers) == [PASS, FAIL, PASS]
    assert "printed more than 1 MB in this check" in answers.outcomes[1].summary


def test_a_process_that_dies_between_two_checks_takes_the_next_one_with_it(run_plan):
    answers = run_plan(
        {"forward": "import threading; threading.Timer(0.3, lambda: os._exit(1)).start()"}, after="spin()"
    )
    assert _statuses(answers) == [PASS] * 3  # everything was answered: how it ends is nobody's business
    answers = run_plan(before="emit('RunsWith', runs_with('3')); os._exit(1)")
    assert _statuses(answers) == [FAIL] * 3
    assert "before this check" in answers.outcomes[0].summary


def test_a_first_process_that_cannot_run_is_the_environments_fault(run_plan):
    with pytest.raises(YolopatchError) as caught:
        run_plan(before="import no_such_torch")
    assert f"install upstream's requirements for {sys.executable}" in caught.value.hint
    assert "No module named 'no_such_torch'" in caught.value.details[-1]
    with pytest.raises(YolopatchError, match="ended with exit code 7"):
        run_plan(before="os._exit(7)")


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("1 / 0\n", "fix the error at "),
        ("def f(:\n", "fix the error at "),
        ("import parser_of_mine.gone\n", "names a file that is not in this checkout: add the file there"),
        ("from parser_of_mine import late\nlate = 1\n", "two files import each other: import at "),
        ("import ctypes; ctypes.string_at(0)\n", "the line that was running: fix it"),
    ],
    ids=["raises", "no Python", "lacks a file", "goes round", "crashes"],
)
def test_upstream_code_that_cannot_be_imported_fails_build(run_plan, tmp_path, code, hint):
    package = tmp_path / "workspace" / "parser_of_mine"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(code)
    start = "sys.path.insert(0, request['workspace']); import parser_of_mine"
    answers = run_plan(before=start, checks=("provenance", "build", "forward"))
    assert _statuses(answers) == [SKIP, FAIL, SKIP]
    assert answers.outcomes[1].summary.startswith("upstream cannot be imported from the workspace: ")
    assert str(package / "__init__.py") in "\n".join(answers.outcomes[1].evidence["output"])
    assert hint in answers.outcomes[1].hint
    assert "see build" in answers.outcomes[2].summary


def test_an_environment_inside_the_workspace_is_still_the_environment(run_plan, tmp_path):
    package = tmp_path / "workspace" / ".venv" / "lib" / "site-packages" / "broken"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("1 / 0\n")
    with pytest.raises(YolopatchError):
        run_plan(before=f"sys.path.insert(0, {str(package.parent)!r}); import broken")


def test_nothing_that_a_check_started_survives(run_plan, tmp_path):
    sleeper = "Path({0!r}).write_text(str(subprocess.Popen(['sleep', '600']).pid)); {1}"
    for number, end in enumerate(("", "os._exit(1)", "spin()")):
        note = tmp_path / f"pid-{number}"
        run_plan({"forward": sleeper.format(str(note), end)}, timeout=1)
        assert _ends(int(note.read_text())), end


def test_ctrl_c_ends_the_process_at_once(run_plan, tmp_path):
    note = tmp_path / "pid"

    def interrupt(*step):
        if step[0] == "fuse":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_plan({"forward": f"Path({str(note)!r}).write_text(str(os.getpid()))", "fuse": "spin()"}, watch=interrupt)
    assert _ends(int(note.read_text()))


@pytest.mark.parametrize("hang", ["spin()", "hash(functools.reduce(lambda one, _: (one, one), range(60), ()))"])
def test_the_process_ends_with_the_one_that_asked_even_if_that_is_killed(hang, tmp_path):
    """Also where it never lets go of the interpreter's lock."""
    note = tmp_path / "pid"
    importing = f"sys.path.insert(0, {str(ROOT)!r}); from yolopatch.probe.protocol.lifeline import hold"
    stand_in = _stand_in(tmp_path, STAND_IN)
    _write_plan(
        stand_in,
        {
            "checks": {"forward": f"Path({str(note)!r}).write_text(str(os.getpid())); import functools; {hang}"},
            "before": f"{importing}; hold(envelope['lifeline'])",
        },
    )
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.verify.test_verify_runner import _request\n"
        "from yolopatch.outside.probe import process\n"
        "from yolopatch.outside.probe.run_checks import run_checks\n"
        f"process.PROBE = Path({str(stand_in)!r})\n"
        "run_checks(_request(Path('.')), ('forward',), python=sys.executable, timeout=600, watch=lambda *step: None)\n"
    )
    # it cannot clean up after itself: its files go where the test's go
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    asking = subprocess.Popen([sys.executable, "-c", script], env=environment)
    while not (note.exists() and note.read_text()):
        time.sleep(0.05)
        assert asking.poll() is None
    asking.send_signal(signal.SIGKILL)
    asking.wait()
    assert _ends(int(note.read_text()))


def test_where_memory_runs_out_the_model_goes_first_and_no_core_is_written(run_plan):
    read = "evidence = {'adj': Path('/proc/self/oom_score_adj').read_text()}"
    limit = "import resource; evidence['core'] = resource.getrlimit(resource.RLIMIT_CORE)"
    if not Path("/proc/self/oom_score_adj").exists():
        pytest.skip("only Linux has it")
    evidence = run_plan({"forward": f"time.sleep(0.2); {read}; {limit}"}).outcomes[0].evidence
    assert evidence == {"adj": "1000\n", "core": [0, 0]}


def test_a_line_that_is_half_written_waits_for_its_rest(run_plan):
    line = "json.dumps({'message': 'RunsWith', **runs_with('4')}) + chr(10)"
    halves = f"line = {line}; answer.write(line[:9]); answer.flush(); time.sleep(0.3); answer.write(line[9:])"
    answers = run_plan({"forward": halves})
    assert _statuses(answers) == [PASS] * 3
    assert answers.environment["python"] == "4"


def test_its_files_are_gone_when_it_is_done(run_plan, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "here"))
    (tmp_path / "here").mkdir()
    run_plan({"forward": "import tempfile; tempfile.mkstemp(); Path('left').touch()", "fuse": "os._exit(1)"})
    assert os.listdir(tmp_path / "here") == []


def test_an_interpreter_that_is_none_is_named(tmp_path):
    (tmp_path / "python").write_text("no program")
    (tmp_path / "python").chmod(0o755)
    for python in ("no-such-python", str(tmp_path), str(tmp_path / "python")):
        with pytest.raises(YolopatchError) as caught:
            run_checks(_request(tmp_path), ("build",), python=python, timeout=5, watch=lambda *step: None)
        assert python in caught.value.what


def test_a_relative_interpreter_is_found_from_where_the_user_is(run_plan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "python").symlink_to(sys.executable)
    assert _statuses(run_plan(checks=("build",), python="./python")) == [PASS]


def test_of_a_crash_the_lines_that_say_where_are_kept():
    told = [
        *("something before", "Fatal Python error: Segmentation fault", "", "Thread 0x01 (most recent call first):"),
        *('  File "/other.py", line 1 in wait', "", "Current thread 0x02 (most recent call first):"),
        *(f'  File "/mine.py", line {n} in forward' for n in range(20)),
        *("", "Extension modules: numpy, torch (total: 2)"),
    ]
    lines = last_lines("\n".join(told))
    assert lines[:3] == [told[1], told[6], told[7]]
    assert len(lines) == process.LINES
