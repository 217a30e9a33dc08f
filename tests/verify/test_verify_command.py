"""`yolopatch verify` as a user calls it: real models in real workspaces, JSON, exit codes, and what it refuses."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from yolopatch.catalog.environment.fix_patches import COMPAT, SEEDS, FixPatch
from yolopatch.catalog.model.models import MODELS
from yolopatch.cli import progress, report
from yolopatch.cli.progress import progress_line
from yolopatch.cli.verify.words import verification
from yolopatch.core.language.spoken import ENGLISH, speak
from yolopatch.core.model.cfg_file import CfgFile, parse_cfg
from yolopatch.core.verify.checks import choose_checks
from yolopatch.errors import EXIT_VERIFY, UsageError
from yolopatch.outside.language import load_translator
from yolopatch.outside.probe.process import PROBE
from yolopatch.outside.probe.run_checks import Outcome
from yolopatch.outside.workspace.checkout import read_checkout
from yolopatch.steps.verify.pristine import write_pristine
from yolopatch.steps.verify.verify import Verification, Verifications
from yolopatch.steps.workspace.choices import Choice
from yolopatch.wire.checks import CHECKS
from yolopatch.wire.statuses import STATUSES

PIN = "ultralytics-8.3.0"
PARSER = "ultralytics/nn/tasks.py"

# Each runs as upstream's Conv while it is built, and does its worst only in eval.
WRONG = {
    "Crashing": """
        class Crashing(Conv):
            def forward(self, x):
                if not self.training:
                    import ctypes
                    print("about to crash")
                    ctypes.string_at(0)
                return super().forward(x)
    """,
    "Hanging": """
        class Hanging(Conv):
            def forward(self, x):
                while not self.training:
                    pass
                return super().forward(x)
    """,
    "Exiting": """
        class Exiting(Conv):
            def forward(self, x):
                if not self.training:
                    raise SystemExit("enough")
                return super().forward(x)
    """,
}

CHECK_FILES = PROBE.parent / "checks"


@pytest.fixture
def wrong(broken_workspace, broken_cfg):
    """Give the workspace with the classes above, and a YAML with one of them."""
    return lambda name: (broken_workspace(WRONG), broken_cfg(name, layers=(3,)))


@pytest.fixture
def base_cfg(broken_cfg):
    """A YAML of YOLO11n with no layer replaced."""
    return broken_cfg("Conv", layers=())


@pytest.fixture
def copied(full_workspace, tmp_path):
    """A workspace for one test alone."""
    place = tmp_path / "workspace"
    shutil.copytree(full_workspace(PIN), place, symlinks=True)
    return place


def test_every_check_has_its_file_and_every_file_is_a_check():
    files = {file.relative_to(CHECK_FILES) for file in CHECK_FILES.glob("*/*.py") if file.name != "__init__.py"}
    assert files == {Path(check.module.replace(".", "/")).with_suffix(".py") for check in CHECKS}


@pytest.mark.more
def test_json_is_the_contract_and_alone_on_stdout(verify, full_workspace, base_cfg, git_in):
    place = full_workspace(PIN)
    ran = verify(place, base_cfg, "--json", "--imgsz", 64, "--device", "cpu", checks=("flops", "build"))
    told = ran.json
    assert ran.code == (4 if told["verdict"] == "fail" else 0)
    assert told.keys() == {
        *(
            "workspace",
            "pin",
            "commit",
            "modules",
            "compat",
            "seeds",
            "cfg",
            "scale",
            "imgsz",
            "task",
            "layers",
            "parameters",
        ),
        *(
            "gradients",
            "gflops",
            "latency_ms",
            "latency_fused_ms",
            "fps",
            "replaced",
            "table",
            "base",
            "checks",
            "ran",
            "verdict",
            "run",
            "asked",
        ),
    }
    assert (told["cfg"], told["scale"], told["imgsz"], told["task"]) == (str(base_cfg), "n", 64, "detect")
    assert (told["layers"], told["parameters"], told["replaced"]) == (319, 2_624_080, [])
    assert told["gflops"].keys() == {"upstream", "true"}
    assert {key: told["base"][key] for key in ("layers", "parameters", "cfg")} == {
        "layers": 319,
        "parameters": 2_624_080,
        "cfg": "ultralytics/cfg/models/11/yolo11.yaml",
    }
    assert told["base"].keys() >= {"layers", "parameters", "gradients", "gflops", "table"}
    assert [check["id"] for check in told["checks"]] == ["build", "flops"]
    assert all(check.keys() == {"id", "status", "summary", "evidence", "hint", "seconds"} for check in told["checks"])
    assert told["commit"] == git_in(place, "rev-parse", "HEAD").strip()
    assert {"name": "DSConv", "flavor": "paper"} in told["modules"]
    assert told["run"].keys() >= {"yolopatch", "python", "torch", "device", "date", "seconds"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", told["run"]["date"])
    assert told["run"]["device"]
    assert told["asked"] == {"device": "cpu", "check": ["build", "flops"]}
    assert told["ran"] == {"checks": 2, "of": len(CHECKS)}


@pytest.mark.more
def test_a_model_that_crashes_fails_that_check_and_the_others_still_run(verify, wrong, tmp_path):
    page = tmp_path / "report.html"
    ran = verify(*wrong("Crashing"), "--json", "--report", page, checks=("build", "forward", "attributes", "fuse"))
    assert (ran.code, ran.json["verdict"]) == (EXIT_VERIFY, "fail")
    assert [check["status"] for check in ran.json["checks"]] == ["pass", "fail", "pass", "skip"]
    forward = ran.check("forward")
    assert "signal 11 (SIGSEGV)" in forward["summary"]
    assert re.search(r"block.py\", line \d+ in forward", "\n".join(forward["evidence"]["output"]))
    assert "SIGSEGV" in page.read_text()


@pytest.mark.more
def test_a_model_that_hangs_or_exits_fails_that_check(verify, wrong):
    hanging = verify(*wrong("Hanging"), "--json", "--timeout", 5, checks=("forward", "attributes"))
    assert hanging.code == EXIT_VERIFY
    assert "did not end in this check in 5 s" in hanging.check("forward")["summary"]
    assert hanging.check("attributes")["status"] == "pass"
    exiting = verify(*wrong("Exiting"), checks=("forward",))
    assert exiting.code == EXIT_VERIFY
    assert exiting.out.startswith(f"FAIL yolo11n-Exiting.yaml at n, 1 of {len(CHECKS)} checks was run: 1 failed\n")
    assert "enough" in exiting.out
    assert exiting.err == ""


@pytest.mark.more
def test_an_edit_that_is_not_committed_fails_provenance(verify, copied, base_cfg):
    (copied / PARSER).write_text((copied / PARSER).read_text() + "\n# mine\n")
    ran = verify(copied, base_cfg, "--json", checks=("provenance",))
    assert (ran.code, ran.check("provenance")["status"]) == (EXIT_VERIFY, "fail")
    assert PARSER in json.dumps(ran.check("provenance"))


@pytest.mark.more
def test_a_workspace_whose_code_cannot_be_imported_fails_build(verify, copied, base_cfg):
    (copied / PARSER).write_text("def parse_model(:\n")
    ran = verify(copied, base_cfg, "--json", checks=("provenance", "build"))
    assert (ran.code, ran.check("build")["status"], ran.check("provenance")["status"]) == (4, "fail", "skip")
    assert "SyntaxError" in ran.check("build")["summary"]
    assert ran.json["base"] is None


@pytest.mark.more
def test_a_checkout_that_yolopatch_did_not_make_is_verified_too(verify, pristine_tree, base_cfg, tmp_path, monkeypatch):
    other = tmp_path / "other" / "ultralytics" / "__init__.py"
    other.parent.mkdir(parents=True)
    other.write_text("")
    monkeypatch.setenv("PYTHONPATH", str(other.parent.parent))
    place = tmp_path / "unpacked"
    shutil.copytree(pristine_tree(PIN), place, ignore=shutil.ignore_patterns(".git"))
    ran = verify(place, base_cfg, "--json", checks=("provenance", "build", "base-parity"))
    assert ran.code == 0
    assert {check["id"]: check["status"] for check in ran.json["checks"]} == {
        "provenance": "warn",
        "build": "pass",
        "base-parity": "pass",  # the cache has its version
    }
    assert (ran.json["pin"], ran.json["commit"], ran.json["modules"]) == (None, None, [])
    provenance = ran.check("provenance")
    script, *others = provenance["evidence"]["starts"]
    assert script == "with `python train.py` in its folder, Python imports ultralytics from this checkout"
    assert others
    assert all(told.endswith(f", Python imports ultralytics from {other}") for told in others)
    assert f"DDP starts for several GPUs, Python imports another copy of ultralytics, {other}" in provenance["summary"]
    assert "not in a git repository" in provenance["summary"]
    assert re.search(r"beside the released ultralytics 8.3.0, all \d+ imported files are", provenance["summary"])
    assert provenance["hint"].endswith(f"export PYTHONPATH={place}")


@pytest.mark.more
def test_a_pasted_module_is_told_beside_the_release_and_the_hint_commits_it(
    verify, pristine_tree, base_cfg, tmp_path, git_in
):
    place = tmp_path / "mine"
    shutil.copytree(pristine_tree(PIN), place)
    (place / "ultralytics/nn/modules/my conv.py").write_text("")
    (place / "ultralytics/nn/modules/mine.py").write_text("X = 1\n")
    (place / PARSER).write_text("from ultralytics.nn.modules import mine\n" + (place / PARSER).read_text())
    git_in(place, "commit", "-q", "--amend", "-m", "Somebody's own history")
    told = verify(place, base_cfg, "--json", checks=("provenance",)).check("provenance")
    assert told["status"] == "fail"
    changed, added = f"1 imported file changed ({PARSER})", "1 imported file added (ultralytics/nn/modules/mine.py)"
    assert f"beside the released ultralytics 8.3.0, {changed} and {added}" in told["summary"]
    for command in re.search("`(.*)`", told["hint"])[1].split(" && "):
        git_in(place, *shlex.split(command)[3:], *(["-m", "Mine"] if "commit" in command else []))
    assert git_in(place, "status", "--porcelain").split() == ["??", '"ultralytics/nn/modules/my', 'conv.py"']


@pytest.mark.parametrize(
    ("version", "why", "next_"),
    [
        ("8.3.999", "yolopatch has no pin of ultralytics 8.3.999", "yolopatch port --to ultralytics==8.3.999 --save"),
        ("my fork", "no file says which release this checkout is of", "verify a workspace"),
        ("8.3.0", f"the unchanged {PIN} is not in yolopatch's cache", f"yolopatch apply --repo {PIN} --module"),
    ],
)
def test_where_the_unchanged_upstream_is_not_at_hand_the_reason_is_told(version, why, next_, pristine_tree, tmp_path):
    place = tmp_path / "mine"
    shutil.copytree(pristine_tree(PIN), place, ignore=shutil.ignore_patterns(".git"))
    (place / "ultralytics/__init__.py").write_text(f'__version__ = "{version}"\n')
    missing = write_pristine(read_checkout(place), tmp_path / "upstream", tmp_path / "empty cache")
    assert (missing.why, next_ in missing.hint) == (why, True)
    assert not (tmp_path / "upstream").exists()


@pytest.mark.more
def test_without_an_unchanged_upstream_a_forks_own_file_is_no_base(verify, pristine_tree, base_cfg, tmp_path):
    """Else each of its faults would be upstream's, too."""
    place = tmp_path / "mine"
    shutil.copytree(pristine_tree(PIN), place, ignore=shutil.ignore_patterns(".git"))
    (place / "ultralytics/__init__.py").write_text('__version__ = "8.3.999"\n')
    own = place / "ultralytics/cfg/models/mine/yolo11-mine.yaml"
    own.parent.mkdir()
    text = base_cfg.read_text()
    assert "[-1, 1, SPPF, [1024, 5]]" in text
    own.write_text(text.replace("[-1, 1, SPPF, [1024, 5]]", "[-1, 1, SPP, [1024, [5, 9]]]"))
    ran = verify(place, own, "--json", checks=("build", "only-intended"))
    assert Path(ran.json["base"]["cfg"]).name == "yolo11.yaml"
    assert ran.json["replaced"] == [9]


@pytest.mark.more
def test_every_scale_of_a_file_is_verified(verify, full_workspace, base_cfg):
    # as a table with two rows: each scale takes a process of its own
    table = "scales:\n  n: [0.50, 0.25, 1024]\n  s: [0.50, 0.50, 1024]\n\nbackbone:"
    text = re.sub(r"^scale: n.*?^backbone:", table, base_cfg.read_text(), flags=re.MULTILINE | re.DOTALL)
    base_cfg.write_text(text)
    ran = verify(full_workspace(PIN), base_cfg, "--all-scales", "--json", checks=("build",))
    assert ran.code == 0, ran.err
    assert ran.json.keys() == {"workspace", "cfg", "verdict", "runs"}
    assert [(run["scale"], run["parameters"]) for run in ran.json["runs"]] == [("n", 2_624_080), ("s", 9_458_752)]


def test_an_interpreter_without_torch_is_named(verify, full_workspace, base_cfg, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    bare = tmp_path / "bare" / "bin" / "python"
    ran = verify(full_workspace(PIN), base_cfg, "--python", bare)
    assert (ran.code, ran.out) == (1, "")
    assert f"{bare} cannot import {PIN}: it lacks opencv-python, matplotlib, numpy, torch," in ran.err
    assert ran.err.count("\n") == 2, "one line, and the next command"


@pytest.mark.more
def test_a_gpu_that_is_not_there_is_no_fault_of_the_model(verify, full_workspace, base_cfg):
    ran = verify(full_workspace(PIN), base_cfg, "--device", "99", checks=("build",))
    assert (ran.code, ran.out) == (1, "")
    assert "--device asks for cuda:99, but torch finds " in ran.err
    assert "Traceback" not in ran.err
    assert verify(full_workspace(PIN), base_cfg, "--device", "mps").code == 1  # nobody tests on a Mac


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--check", "gradient-flaw"), "did you mean gradient-flow"),
        (("--scale", "s"), "is a file for scale n, not s"),
        (("--scale", "z"), "unknown scale"),
        (("--scale", "n", "--all-scales"), "exclude each other"),
        (("--all-scales",), "--scale all"),
        (("--imgsz", "100"), "not a multiple of the stride 32"),
        (("--imgsz", "0"), "not a multiple of the stride 32"),
        (("--device", "gpu"), "--device gpu: unknown device"),
        (("--device", "cuda:x"), "unknown device"),
        (("--device", ""), "unknown device"),
        (("--device", "cpu,0"), "one device is needed"),
        (("--base", "none.yaml"), "no model YAML none.yaml"),
        (("--timeout", "0"), "--timeout"),
        (("--report", "."), "is a folder"),
        (("--report", "missing/report.html"), "mkdir -p missing"),
    ],
)
def test_wrong_requests_are_usage_errors_before_any_work(
    verify, full_workspace, base_cfg, monkeypatch, tmp_path, arguments, said
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("yolopatch.steps.verify.verify.run_checks", None)
    ran = verify(full_workspace(PIN), base_cfg, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_a_missing_file_and_a_missing_workspace(verify, full_workspace, base_cfg, tmp_path):
    assert verify(full_workspace(PIN), tmp_path / "none.yaml").code == 2
    assert verify(tmp_path, base_cfg).code == 2
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(bytes(range(256)))
    assert verify(full_workspace(PIN), binary, "--scale", "n").code == 2


def test_ctrl_c_ends_everything_with_130(full_workspace, base_cfg, popen):
    process = popen("verify", full_workspace(PIN), "--cfg", base_cfg, "--check", "build")
    probe = _probe_of(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "\ninterrupted\n")
    with pytest.raises(ProcessLookupError):
        os.kill(probe, 0)


def _probe_of(parent: subprocess.Popen) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert parent.poll() is None, parent.communicate()
        # without -ww, ps cuts its lines at $COLUMNS or at 80
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(parent.pid)], capture_output=True, text=True
        ).stdout
        found = [int(line.split()[0]) for line in listed.splitlines() if str(PROBE) in line]
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError("no probe was started")


def _outcome(name: str, status: str, hint: str = "") -> Outcome:
    return Outcome(name, status, f"what {name} found, at some length and in plain words " * 2, {}, hint, 1.25)


def _verification(
    scale: str, *checks: Outcome, facts: dict | None = None, fix_patches: tuple[FixPatch, ...] = ()
) -> Verification:
    return Verification(
        workspace=Path("/w"),
        pin=PIN,
        commit="c" * 40,
        modules=(Choice("DSConv", "paper"),),
        fix_patches=fix_patches,
        cfg=Path("yolo11n-DSConv.yaml"),
        scale=scale,
        imgsz=640,
        facts=facts or {},
        checks=checks,
        run={},
        asked={},
    )


def test_people_and_scripts_see_the_fix_patches_of_the_workspace():
    found = _verification("n", _outcome("build", "pass"), fix_patches=(COMPAT, SEEDS))
    assert [found.data()[name] for name in ("compat", "seeds")] == [True, True]
    assert [click.unstyle(line) for line in verification(found, None)][1:3] == [
        "  with the compatibility patch: fixed for newer libraries",
        "  with the seed patch: the seed reaches the workers that load images",
    ]
    plain = _verification("n", _outcome("build", "pass"))
    assert [plain.data()[name] for name in ("compat", "seeds")] == [False, False]
    assert "patch" not in " ".join(verification(plain, None))


def test_people_see_the_verdict_then_what_is_wrong_then_everything(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    figures = {"layers": 319, "parameters": 2_000_000, "gflops": {"upstream": 6.6, "true": 6.5}}
    base = {"layers": 319, "parameters": 1_000_000, "gflops": {"upstream": 6.6, "true": 6.5}}
    found = _verification(
        "n",
        _outcome("build", "pass"),
        _outcome("inert", "fail", "look at the weight"),
        _outcome("flops", "warn", "cite both"),
        _outcome("onnx", "skip"),
        facts={"model": figures, "base": base, "base_cfg": "yolo11.yaml", "task": "detect"},
    )
    lines = [click.unstyle(line) for line in verification(found, Path("report.html"))]
    run = f"4 of {len(CHECKS)} checks were run"
    assert lines[0] == f"FAIL yolo11n-DSConv.yaml at n, {run}: 1 failed, 1 passed, 1 warning, 1 skipped"
    assert lines[1].startswith("  inert: what inert found")
    assert lines[3] == "    next: look at the weight"
    assert lines[4].startswith("  flops: ")
    assert "  parameters                        2,000,000  1,000,000  +100.0%" in lines
    assert [line.split()[0] for line in lines if re.match(r"  (pass|fail|warn|skip) ", line)] == [
        *("pass", "fail", "warn", "skip"),
    ]
    assert max(map(len, lines[1:])) <= 80
    assert lines[-1] == "report: report.html"


def test_of_every_scale_people_see_a_line_each_first():
    runs = (_verification("n", _outcome("build", "pass")), _verification("s", _outcome("build", "fail", "mend it")))
    lines = verification(Verifications(Path("/w"), Path("yolo11.yaml"), runs), None)
    run = f"1 of {len(CHECKS)} checks was run"
    assert [click.unstyle(line) for line in lines][:3] == [
        f"FAIL yolo11.yaml, 1 of 2 scales failed: s; {run}",
        f"  n  pass  {run}: 1 passed",
        f"  s  fail  {run}: 1 failed",
    ]


def test_a_run_of_all_checks_is_not_called_a_part():
    outcomes = [_outcome(check.id, "pass") for check in CHECKS]
    first = click.unstyle(next(verification(_verification("n", *outcomes), None)))
    assert first == f"PASS yolo11n-DSConv.yaml at n, {len(CHECKS)} checks: {len(CHECKS)} passed"
    outcomes[3] = _outcome(CHECKS[3].id, "fail")
    first = click.unstyle(next(verification(_verification("n", *outcomes), None)))
    assert first.endswith(f"1 of {len(CHECKS)} checks failed, {len(CHECKS) - 1} passed")


@pytest.fixture
def in_chinese():
    """What is shown is Chinese, for one test."""
    speak(load_translator("zh"))
    yield
    speak(ENGLISH)


def test_the_line_of_the_verdict_begins_with_it_in_chinese_too(in_chinese):
    (first, *_) = verification(_verification("n", _outcome("build", "fail")), None)
    assert (
        click.unstyle(first) == f"失败 yolo11n-DSConv.yaml（规模 n），运行了 {len(CHECKS)} 个检查项中的 1 个：1 项失败"
    )


def test_the_colour_of_every_status_reaches_the_terminal(capsys):
    checks = [_outcome(name, name) for name in STATUSES]
    report.show({}, verification(_verification("n", *checks), None), as_json=False)
    assert "\\x1b" not in capsys.readouterr().out, "a colour of ours is not told as a sign of the model's"


def test_what_a_model_says_cannot_move_the_terminals_cursor():
    evil = Outcome("build", "fail", "it raised \x1b[2Jgone\r\nPASS", {}, "", 0.0)
    lines = verification(_verification("n", evil), None)
    assert any("\\x1b[2Jgone PASS" in line for line in lines)


def test_checks_are_chosen_by_id_in_their_own_order():
    assert choose_checks(()) == tuple(check.id for check in CHECKS)
    assert choose_checks(("onnx", "Base_Parity", "onnx")) == ("base-parity", "onnx")


def _file(text: str, name: str) -> CfgFile:
    return parse_cfg(text, Path(name))


TABLE = """\
scales: # constants
  # [depth, width, max_channels]
  n: [0.50, 0.25, 1024]
  s: [0.50, 0.50, 1024] # m: [

backbone:
"""
ONE = "depth_multiple: 0.33\nwidth_multiple: 0.50\n"


@pytest.mark.parametrize(
    ("text", "name", "asked", "scale"),
    [
        (TABLE, "yolov8s-mine.yaml", None, "s"),
        (TABLE, "yolo11n.yaml", "S", "s"),
        (TABLE, "yoloe-11s.yaml", None, "s"),
        ("scale: s\n" + TABLE, "yolo11n.yaml", None, "s"),
        ("scale: 'n'\n" + TABLE, "any.yaml", None, "n"),
        ("scales: {b: [0.67, 1.0, 512]}\n", "yolov10b.yaml", None, "b"),
        (ONE, "any.yaml", None, "s"),
        ("depth_multiple: 0.4\nwidth_multiple: 0.4\n", "yolov5m-mine.yaml", None, "m"),
        ("backbone:\n", "yolov9c.yaml", None, ""),
    ],
)
def test_the_scale_of_any_familys_file(text, name, asked, scale):
    assert _file(text, name).any_scale(asked) == scale


@pytest.mark.parametrize(
    ("text", "name", "asked"),
    [
        (TABLE, "model.yaml", None),
        (TABLE, "yolo11m.yaml", None),
        (TABLE, "a.yaml", "m"),
        (ONE, "a.yaml", "n"),
        ("", "a.yaml", "n"),
    ],
)
def test_a_scale_that_is_not_said_or_not_there_is_refused(text, name, asked):
    with pytest.raises(UsageError) as caught:
        _file(text, name).any_scale(asked)
    assert caught.value.hint


def test_every_scale_of_a_table_or_of_a_file_with_multiples():
    assert _file(TABLE, "yolo11.yaml").every_scale() == ("n", "s")
    assert _file(ONE, "yolov5s.yaml").every_scale() == tuple(MODELS["yolov5"].scales)
    assert _file(ONE, "yolov5s.yaml").multiples_at("s") is None
    assert _file(ONE, "yolov5s.yaml").multiples_at("x") == {"depth_multiple": 1.33, "width_multiple": 1.25}
    assert _file(TABLE, "yolo11.yaml").multiples_at("s") is None
    for text in ("scale: n\n" + TABLE, "backbone:\n"):
        with pytest.raises(UsageError):
            _file(text, "one.yaml").every_scale()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_which_check_runs_and_is_left_clean(monkeypatch):
    for stream, shown in ((_Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress_line() as watch:
            watch("gradient-flow", 7, 21)
            time.sleep(0.3)
        text = stream.getvalue()
        assert ("\r[ 7/21] gradient-flow … 0 s" in text) is shown
        assert text.endswith("\r\x1b[K") is shown


def test_a_block_without_steps_shows_its_label_once_it_takes_long(monkeypatch):
    for delay, shown in ((0.1, True), (60, False)):
        monkeypatch.setattr(sys, "stderr", _Terminal())
        monkeypatch.setattr(progress, "DELAY", delay)
        with progress_line("building the models"):
            time.sleep(0.3)
        assert ("\rbuilding the models … 0 s" in sys.stderr.getvalue()) is shown
        assert sys.stderr.getvalue().endswith("\r\x1b[K") is shown
