"""The machine that yolopatch finds: full disks, odd terminals and locales, no folder to stand in, two at once."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from yolopatch.cli.group import _COMMANDS
from yolopatch.outside.files import logs

PIN = "ultralytics-8.3.0"
APPLY = ["apply", "--repo", PIN, "--module", "DSConv"]


@pytest.fixture
def tiny_disk(tmp_path):
    """Mount a disk of a given size; skips where that is not allowed."""
    mounted: list[Path] = []

    def mount(size: str, *options: str) -> Path:
        place = tmp_path / f"disk-{len(mounted)}"
        place.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", ",".join((f"size={size}", *options)), "tmpfs", str(place)]
        try:
            done = subprocess.run(words, capture_output=True, text=True)
        except FileNotFoundError as error:
            pytest.skip(f"cannot mount: {error}")
        if done.returncode:
            pytest.skip(f"cannot mount a small disk here: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", str(place)], check=True)


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("size", ["64k", "512k", "1m", "2m"])
def test_a_disk_that_is_full_for_a_new_workspace(size, tiny_disk, spawn, need_pin):
    need_pin(PIN)
    disk = tiny_disk(size)
    ran = spawn(*APPLY, "--dest", disk / "deep" / "w")
    assert ran.code == 1, ran.err
    assert "  next: " in ran.err
    assert "free some space" in ran.err
    assert _names(disk) == []


@pytest.mark.more
def test_a_disk_that_is_full_for_a_switch(tiny_disk, spawn, need_pin, git_in, fingerprint):
    need_pin(PIN)
    disk = tiny_disk("16m")
    place = disk / "w"
    assert spawn("apply", "--repo", PIN, "--module", "RefConv", "--dest", place).code == 0
    new = spawn(*APPLY, "--dest", place, "--json").json["commit"]
    assert spawn("remove", "--module", "DSConv", place).code == 0
    old = git_in(place, "rev-parse", "HEAD").strip()
    filler, outcomes = disk / "filler", set()
    for spare in (0, 12, 24, 36, 64, 128, 160):
        _fill(disk, filler, spare * 1024)
        before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file() and ".git" not in path.parts}
        ran = spawn(*APPLY, "--dest", place)
        filler.unlink()
        outcomes.add(ran.code)
        assert ran.code in (0, 1), ran.err
        head = git_in(place, "rev-parse", "HEAD").strip()
        if "switched only partly" in ran.err:  # no room to go back either: the next run goes on
            assert spawn(*APPLY, "--dest", place).code == 0
        elif ran.code:
            assert "free some space" in ran.err
            assert head == old
            after = {p: p.read_bytes() for p in place.rglob("*") if p.is_file() and ".git" not in p.parts}
            assert after == before
            assert not [
                name for name in _names(place) if "crash" in name or "tmp_" in name or name.endswith("index.lock")
            ]
        else:
            assert head == new
        assert git_in(place, "status", "--porcelain", "--ignored") == ""
        assert git_in(place, "fsck", "--no-dangling") == ""
        spawn("remove", "--module", "DSConv", place)
    assert outcomes == {0, 1}


def _fill(disk: Path, filler: Path, spare: int) -> None:
    free = shutil.disk_usage(disk).free
    with filler.open("wb") as file:
        file.write(b"\0" * max(free - spare, 0))


@pytest.mark.parametrize("size", ["16k", "256k", "700k"])
def test_a_disk_that_is_full_for_the_cache(size, tiny_disk, spawn, tmp_path, pristine_tree):
    pristine_tree(PIN)
    disk = tiny_disk(size)
    nowhere = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "url.file:///nowhere/.insteadOf"}
    ran = spawn(
        *APPLY, "--dest", tmp_path / "w", "--source", "pypi", YOLOPATCH_CACHE=str(disk / "c"),
        GIT_CONFIG_VALUE_0="https://github.com/", **nowhere,
    )  # fmt: skip
    if "cannot be reached" in ran.err:
        pytest.skip(f"PyPI cannot be reached here: {ran.err}")
    assert ran.code == 1, ran.err
    assert "free some space" in ran.err
    assert not (tmp_path / "w").exists()
    assert not [name for name in _names(disk) if "ultralytics" in name and "locks" not in name]


def test_a_cache_that_cannot_be_written(tiny_disk, spawn, tmp_path):
    disk = tiny_disk("1m")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    ran = spawn(*APPLY, "--dest", tmp_path / "w", YOLOPATCH_CACHE=str(disk / "cache"))
    assert ran.code == 1
    assert f"cannot write in {disk / 'cache' / 'locks'}: Read-only file system" in ran.err
    assert "YOLOPATCH_CACHE=DIR" in ran.err


def test_a_place_that_cannot_be_written(tiny_disk, spawn, need_pin):
    need_pin(PIN)
    disk = tiny_disk("1m")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    ran = spawn(*APPLY, cwd=disk)
    assert ran.code == 1
    assert "Read-only file system" in ran.err
    assert ran.err.count("\n") == 2


def test_a_mount_point_as_the_place(tiny_disk, spawn, need_pin, git_in):
    need_pin(PIN)
    disk = tiny_disk("32m")
    assert spawn(*APPLY, "--dest", disk).code == 0
    assert git_in(disk, "status", "--porcelain", "--ignored") == ""


def test_a_name_that_is_too_long(yolopatch, tmp_path, need_pin):
    need_pin(PIN)
    ran = yolopatch(*APPLY, "--dest", tmp_path / ("x" * 256))
    assert ran.code == 1
    assert "File name too long" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_deleted_under_us(tmp_path, need_pin):
    need_pin(PIN)
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd '{gone}' && rmdir '{gone}' && '{sys.executable}' -m yolopatch "
    for call, code in (
        (" ".join(APPLY), 1),
        ("list", 0),
        ("--help", 0),
        (" ".join(APPLY) + f" --dest '{tmp_path}/w'", 0),
    ):
        done = subprocess.run(["sh", "-c", script + call], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        if code:
            assert "the current folder was deleted" in done.stderr
        gone.mkdir(exist_ok=True)


@pytest.mark.parametrize(
    "odd",
    [{"LANG": "C", "LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
     {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "utf-16"}],
    ids=["C", "POSIX", "ascii", "utf-16"],
)  # fmt: skip
def test_locales_and_encodings(odd, spawn, tmp_path, need_pin):
    need_pin(PIN)
    if "utf-16" in odd.values():
        assert subprocess.run([sys.executable, "-m", "yolopatch", "list"], env={**os.environ, **odd}).returncode == 0
        return
    place = tmp_path / "plätze ✓"
    ran = spawn(*APPLY, "--dest", place, "--json", **odd)
    assert ran.code == 0, ran.err
    # where Python takes names for ASCII, the bytes of others come as lone surrogates
    assert ran.json["workspace"].encode("utf-8", "surrogateescape") == os.fsencode(place)
    for call in (["status", place], ["diff", place], ["list"], ["remove", "--module", "SPConv", place]):
        ran = spawn(*call, **odd)
        assert ran.code == (1 if call[0] == "remove" else 0), ran.err


def _on_a_terminal(arguments: list[str], **environment: str) -> tuple[int, str]:
    """Run with stdout and stderr on a pseudo-terminal, and give what it showed."""
    main, side = pty.openpty()
    command = [sys.executable, "-m", "yolopatch", *arguments]
    inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    child = subprocess.Popen(command, stdout=side, stderr=side, stdin=side, env={**inherited, **environment})
    os.close(side)
    shown = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([main], [], [], 0.2)[0]:
            try:
                part = os.read(main, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        elif child.poll() is not None:
            break
    os.close(main)
    return child.wait(), shown.decode()


@pytest.mark.more
def test_colour_on_a_terminal_only_and_never_with_no_color(workspace, spawn):
    for call in (["status", str(workspace)], ["status", "/nowhere"], ["list"], ["aply"]):
        _, shown = _on_a_terminal(call, TERM="xterm")
        assert "\x1b[" in shown, call
        _, shown = _on_a_terminal(call, TERM="xterm", NO_COLOR="1")
        assert "\x1b" not in shown, call
        ran = spawn(*call)
        assert "\x1b" not in ran.out + ran.err


def test_json_is_the_only_thing_on_stdout_on_a_terminal_too(workspace):
    code, shown = _on_a_terminal(["status", str(workspace), "--json"], TERM="xterm")
    assert code == 0
    assert json.loads(shown)["pin"] == PIN


def test_a_reader_that_goes_away(workspace, tmp_path):
    command = f"'{sys.executable}' -m yolopatch diff '{workspace}' | head -1"
    done = subprocess.run(["bash", "-c", f"{command}; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "a bug" not in done.stderr


def test_a_closed_stdout(workspace):
    command = f"'{sys.executable}' -m yolopatch status '{workspace}' >&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_bug_gives_5_and_a_log(yolopatch, monkeypatch, tmp_path):
    import yolopatch.steps.model.listing as listing

    def broken():
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(listing, "list_pins", broken)
    monkeypatch.setattr(logs, "tempfile", SimpleNamespace(gettempdir=lambda: str(tmp_path)))
    ran = yolopatch("list", "pins")
    assert ran.code == 5
    assert "a bug in yolopatch: ZeroDivisionError: deep inside" in ran.err
    (log,) = tmp_path.glob("yolopatch-*.log")
    assert str(log) in ran.err
    assert "Traceback" in log.read_text()
    assert "def broken" not in ran.err
    assert yolopatch("list", "pins", "--json").json["exit_code"] == 5


def test_a_bug_with_no_place_for_the_log(yolopatch, monkeypatch, tmp_path):
    import yolopatch.steps.model.listing as listing

    monkeypatch.setattr(listing, "list_pins", lambda: 1 / 0)
    monkeypatch.setattr(logs, "tempfile", SimpleNamespace(gettempdir=lambda: str(tmp_path / "missing")))
    ran = yolopatch("list", "pins")
    assert ran.code == 5
    assert "ZeroDivisionError: division by zero" in ran.err


def test_no_git_on_the_path(spawn, tmp_path):
    ran = spawn(*APPLY, "--dest", tmp_path / "w", PATH=str(tmp_path))
    assert ran.code == 1
    assert "git is not installed or not on PATH" in ran.err
    assert "install git" in ran.err
    assert spawn("list", PATH=str(tmp_path)).code == 0
    assert spawn("status", tmp_path, PATH=str(tmp_path)).code == 2


def test_offline_with_a_warm_cache(spawn, tmp_path, need_pin):
    need_pin(PIN)
    config = tmp_path / "gitconfig"
    config.write_text('[url "file:///nowhere/"]\n\tinsteadOf = https://\n')
    offline = {
        "GIT_CONFIG_GLOBAL": str(config),
        "PIP_INDEX_URL": "http://127.0.0.1:9",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": "",
        "https_proxy": "http://127.0.0.1:9",
    }
    started = time.monotonic()
    assert spawn(*APPLY, "--dest", tmp_path / "w", **offline).err == ""
    assert spawn("remove", "--module", "DSConv", tmp_path / "w", **offline).err == ""
    assert time.monotonic() - started < 60, "it waits for no network"


GROUPS = {"env": ("create", "run"), "data": ("shapes", "check")}
CALLS = [(name,) for name in _COMMANDS if name not in GROUPS]
CALLS += [(group, name) for group, names in GROUPS.items() for name in names]


@pytest.mark.parametrize("words", [(), *((group,) for group in GROUPS), *CALLS], ids=" ".join)
def test_help_fits_80_columns_and_has_an_example(words, spawn):
    told = spawn(*words, "--help", COLUMNS="80")
    assert told.code == 0
    *lines, example = told.out.splitlines()
    assert max(map(len, lines)) <= 80
    # it is copied: no width breaks it
    assert example.startswith("  Example: yolopatch ")
    assert "Usage: yolopatch" in told.out
    assert spawn(*words, "-h", COLUMNS="200").out == told.out, "a wide terminal changes nothing"
    assert ("--json" in told.out) == (words in [(), *CALLS])


@pytest.mark.more
def test_the_examples_name_commands_and_options_that_exist(spawn):
    for words in CALLS:
        told = spawn(*words, "--help").out
        example = " ".join(told.split("Example: ")[1].split()).split(" | ")[0].split()
        assert example[: len(words) + 1] == ["yolopatch", *words]
        for word in example:
            if word.startswith("--"):
                assert word in told.split("Example: ")[0]


def test_the_version(spawn):
    from yolopatch import __version__

    assert spawn("--version").out == f"yolopatch, version {__version__}\n"


@pytest.mark.parametrize("what", ["modules", "pins", "tutorials", "checks"])
def test_lists_fit_80_columns(what, yolopatch):
    ran = yolopatch("list", what)
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    beside = ["cache"] if what == "pins" else []  # how large all of it is, with what is of no pin
    assert list(yolopatch("list", what, "--json").json) == [what, *beside]
