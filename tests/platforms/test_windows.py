"""Windows, as far as this system can stand in for it: CI runs yolopatch on the real one."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

import yolopatch
from yolopatch.outside.child.jobs import Limits
from yolopatch.outside.probe.listen import Ended
from yolopatch.outside.probe.process import last_lines

PACKAGE = Path(yolopatch.__file__).parent


def test_every_file_can_be_imported_without_what_windows_lacks(on_windows):
    elsewhere = {"probe", "modules", "upstream"}  # not imported by yolopatch itself
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
