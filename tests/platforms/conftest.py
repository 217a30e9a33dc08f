"""A Windows made of this system: the name of that platform, without what only POSIX has, and with its ways of files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Libraries know Windows themselves; what they have decided by their import is not our subject.
_WINDOWS = """
import ctypes, errno, json, os, signal, stat, subprocess, sys, types
import click, filelock, git, jinja2, packaging.version, PIL.Image, platformdirs, unidiff, yaml

POSIX_MODULES = ("fcntl", "grp", "pwd", "resource", "termios")
POSIX_NAMES = {
    os: ("chown", "fork", "forkpty", "getpgid", "geteuid", "getuid", "killpg", "setpgid", "setsid"),
    signal: ("SIGALRM", "SIGHUP", "SIGKILL", "SIGSTOP"),
}
NEW_FLAGS = {"CREATE_NEW_PROCESS_GROUP": 0x200, "CREATE_NO_WINDOW": 0x08000000}
told = {"jobs": [], "flags": []}

class Kernel:
    '''Windows' jobs: what is asked of them is written down.'''
    def __getattr__(self, name):
        def call(*arguments):
            told["jobs"].append([name, len(told["jobs"])])
            if name == "SetInformationJobObject":
                limits = arguments[2]._obj
                told["jobs"][-1] = [name, limits.flags, limits.process_memory, arguments[3]]
            return 7
        call.restype = call.argtypes = None
        self.__dict__[name] = call
        return call

real_start, real_kill = subprocess.Popen.__init__, os.kill
def start(self, *arguments, creationflags=0, **options):
    if creationflags == 0 and "git" not in str(options.get("args", arguments)):
        assert not options.get("pass_fds"), "Windows passes no descriptors"
    assert not options.get("preexec_fn"), "Windows runs nothing before the program"
    told["flags"].append(creationflags)
    real_start(self, *arguments, **options)
    self._handle = self.pid

def read_only(path, dir_fd=None):
    mode = os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_mode
    if stat.S_ISREG(mode) and not mode & stat.S_IWUSR:
        raise PermissionError(errno.EACCES, "Access is denied", str(path))

looks = {}

def replace(source, target, *, real=os.replace):
    left = looks.setdefault(str(source), 1)
    looks[str(source)] = 0
    if left:  # a virus scanner looks at each new file for a moment
        raise PermissionError(errno.EACCES, "Access is denied", str(source))
    real(source, target)

real_unlink = os.unlink
def unlink(path, *, dir_fd=None):
    read_only(path, dir_fd)  # as Windows refuses it
    real_unlink(path, dir_fd=dir_fd)

def begin():
    for name in POSIX_MODULES:
        sys.modules[name] = None
    for module, names in POSIX_NAMES.items():
        for name in names:
            delattr(module, name)
    for name, value in NEW_FLAGS.items():
        setattr(subprocess, name, value)
    ctypes.WinDLL = lambda *_, **__: Kernel()
    subprocess.Popen.__init__ = start
    os.unlink = os.remove = unlink
    os.replace = replace
    sys.platform = "win32"
begin()
"""


@pytest.fixture(scope="session")
def on_windows() -> Callable[..., dict]:
    """Run a script as if on Windows; returns what it put into `told`, with the jobs and flags of its children."""

    def run(script: str, *arguments: object, cwd: Path | None = None, **variables: str) -> dict:
        done = subprocess.run(
            [sys.executable, "-c", f"{_WINDOWS}\n{script}\nprint(json.dumps(told))", *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run
