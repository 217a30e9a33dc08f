"""Windows, as far as this system can stand in for it: CI runs yolopatch on the real one."""

from __future__ import annotations

import ctypes
import errno
import json
from pathlib import Path

import pytest

import yolopatch as package
from yolopatch.cli.failure import fail
from yolopatch.errors import EXIT_ACT, EXIT_USAGE
from yolopatch.outside.child.jobs import Limits
from yolopatch.outside.files.folders import link
from yolopatch.outside.files.system_errors import advice
from yolopatch.outside.probe.listen import Ended
from yolopatch.outside.probe.process import last_lines

PACKAGE = Path(package.__file__).parent


def test_every_file_can_be_imported_without_what_windows_lacks(on_windows):
    # not imported by yolopatch itself; maintain/ runs where this project is made
    elsewhere = {"probe", "modules", "upstream", "maintain"}
    files = (file.relative_to(PACKAGE.parent) for file in sorted(PACKAGE.rglob("*.py")))
    names = [
        ".".join(file.with_suffix("").parts).removesuffix(".__init__")
        for file in files
        if file.parts[1] not in elsewhere and file.name != "__main__.py"
    ]
    on_windows("import importlib\nfor name in sys.argv[1:]: importlib.import_module(name)", *names)


CHILDREN = """
from pathlib import Path
from yolopatch.outside.child.group import Limits, end_group, start_group
from yolopatch.outside.probe.inspect import inspect_interpreter
told["python"] = inspect_interpreter(sys.executable).python
null = subprocess.DEVNULL
end_group(start_group([sys.executable, "-V"], folder=Path("."), variables=os.environ, stdout=null, stderr=null,
                      ends_with_us=True, limits=Limits(1, 2**30)))
"""


def test_children_are_ended_with_us_by_jobs(on_windows):
    """No descriptor is passed to the probe, no program is run between, and no signal is sent."""
    told = on_windows(CHILDREN)
    assert told["python"].startswith("3.")
    assert told["flags"] == [0x08000200] * 2
    made, ended = ("CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject"), "CloseHandle"
    assert [call[0] for call in told["jobs"]] == [*made, ended] * 2
    kill_on_close, process_memory = 0x2000, 0x100
    limits = [call[1:3] for call in told["jobs"] if call[0] == "SetInformationJobObject"]
    assert limits == [[kill_on_close, 0], [kill_on_close | process_memory, 2**30]]


COMMANDS = """
import io, pathlib
from contextlib import redirect_stdout
from yolopatch.cli.run import run
def call(*words):
    with redirect_stdout(io.StringIO()) as out:
        code = run(words)
    assert code == 0, (words, out.getvalue())
    return out.getvalue()
pin, dest = "ultralytics-8.3.0", "with space"
told["first"] = json.loads(call("apply", "--repo", pin, "--module", "DSConv", "--dest", dest, "--json"))["commit"]
told["both"] = json.loads(call("apply", "--repo", pin, "--module", "SPConv", "--dest", dest, "--json"))["commit"]
told["diff"] = call("diff", dest, "--json")
told["cfg"] = call("render-cfg", "--module", "DSConv", "--model", "yolo11", "--json")
told["status"] = call("status", dest)
told["removed"] = json.loads(call("remove", "--module", "SPConv", dest, "--json"))["commit"]
told["left"] = [str(file) for file in pathlib.Path(".").rglob("*.yolopatch-*")]
"""


@pytest.mark.more
def test_the_commands_give_the_same_workspace(on_windows, need_pin, yolopatch, tmp_path, monkeypatch):
    """Read-only files are removed, and what a virus scanner has open for a moment is renamed."""
    need_pin("ultralytics-8.3.0")
    (tmp_path / "windows").mkdir()
    told = on_windows(COMMANDS, cwd=tmp_path / "windows")
    monkeypatch.chdir(tmp_path)
    order = ("apply", "--repo", "ultralytics-8.3.0", "--dest", "here", "--json")
    assert told["first"] == told["removed"] == yolopatch(*order, "--module", "DSConv").json["commit"]
    assert told["both"] == yolopatch(*order, "--module", "SPConv").json["commit"]
    assert json.loads(told["diff"])["diff"] == yolopatch("diff", "here", "--json").json["diff"]
    assert yolopatch("render-cfg", "--module", "DSConv", "--model", "yolo11", "--out", "cfg").code == 0
    names = [Path(file["path"]).name for file in json.loads(told["cfg"])["files"]]
    assert [(tmp_path / "windows" / name).read_bytes() for name in names] == [
        (tmp_path / "cfg" / name).read_bytes() for name in names
    ]
    assert told["left"] == []
    made, started = (sum(call[0] == name for call in told["jobs"]) for name in ("CreateJobObjectW", "CloseHandle"))
    assert made == started > 10


def test_a_folder_with_read_only_files_is_removed(on_windows, tmp_path):
    pack = tmp_path / "objects" / "pack"
    pack.mkdir(parents=True)
    (pack / "pack-1.pack").write_bytes(b"x")
    (pack / "pack-1.pack").chmod(0o444)
    remove = "import pathlib; from yolopatch.outside.files.folders import remove_tree"
    on_windows(f"{remove}; remove_tree(pathlib.Path(sys.argv[1]))", tmp_path / "objects")
    assert list(tmp_path.iterdir()) == []


def test_a_file_gets_another_name_where_the_user_may_not_make_links(tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(22, "A required privilege is not held by the client")

    (tmp_path / "my model.bin").write_bytes(b"weights")
    monkeypatch.setattr("os.symlink", refuse)
    link(tmp_path / "my model.bin", tmp_path / "checkpoint.pt")
    assert (tmp_path / "checkpoint.pt").read_bytes() == b"weights"


def test_an_environment_has_the_layout_of_windows(on_windows, tmp_path):
    told = on_windows(
        "from pathlib import Path\n"
        "from yolopatch.outside.environment import executable, upstream_settings\n"
        "told['python'] = str(executable.environment_python(Path('env')))\n"
        "told['commands'] = [str(executable.commands_folder(Path(one))) for one in sys.argv[1:3]]\n"
        "upstream_settings._put_command(Path(sys.argv[3]), 'C:/张三/python.exe', 'import x; x.main()')",
        *("env/Scripts/python.exe", "C/Python311/python.exe", tmp_path / "yolo"),
    )
    assert told["python"] == "env/Scripts/python.exe"
    assert told["commands"] == ["env/Scripts", "C/Python311/Scripts"]
    assert (tmp_path / "yolo.cmd").read_bytes() == b'@python.exe -c "import x; x.main()" %*\r\n'


@pytest.mark.parametrize("number", [123, 161, 206, 267])
def test_a_name_that_windows_does_not_have_is_no_bug(number, capsys):
    error = OSError(22, "The filename, directory name, or volume label syntax is incorrect", "a:b")
    error.winerror = number
    assert fail(error, False, False) == EXIT_ACT
    assert "on Windows, without < > : " in capsys.readouterr().err


def test_the_advice_for_an_error_of_the_system_names_commands_of_windows(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "win32")
    assert advice(errno.EACCES, tmp_path).endswith(f"(`icacls {tmp_path}`), then run the command again")
    assert advice(errno.EMFILE, tmp_path) == "allow more open files, then run the command again"


@pytest.mark.parametrize("name", ["Con", "AUX", "nul", "Com1"])
def test_a_module_whose_file_windows_cannot_have_is_refused(name, yolopatch, own_catalog, tmp_path):
    (tmp_path / "file.py").write_text("import torch.nn as nn\nclass X(nn.Conv2d): pass\n")
    done = yolopatch("add", tmp_path / "file.py", "--class", "X", "--name", name)
    assert done.code == EXIT_USAGE
    assert f"--name My{name}" in done.err
    assert not own_catalog.exists()


def test_a_crash_of_windows_is_read_as_one():
    lines = [
        "something before",
        "Windows fatal exception: access violation",
        "",
        "Current thread 0x00002a10 (most recent call first):",
        '  File "D:\\work\\ultralytics\\nn\\modules\\dsconv.py", line 7 in forward',
    ]
    assert last_lines("\n".join(lines)) == [lines[1], *lines[3:]]
    assert Ended(0xC0000005).in_words == "exit code 0xC0000005 (access violation)"
    assert Ended(3).in_words == "exit code 3"


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_size_t) != 8, reason="the size of the 64-bit structure")
def test_the_limits_of_a_job_have_the_layout_of_the_system():
    assert ctypes.sizeof(Limits) == 144
    assert (Limits.flags.offset, Limits.affinity.offset, Limits.process_memory.offset) == (16, 48, 112)
