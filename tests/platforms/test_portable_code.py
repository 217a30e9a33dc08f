"""What only one system has is used in the files that know the alternatives, and nowhere else.

`mypy --platform win32` (`make lint`) finds what Python lacks on Windows; here is what types do not say.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import yolopatch

PACKAGE = Path(yolopatch.__file__).parent
# modules/ and upstream/ run where upstream runs, and maintain/ where this project is made
FILES = sorted(file for file in PACKAGE.rglob("*.py") if file.relative_to(PACKAGE).parts[0] != "maintain")

_GROUP, _LIFELINES = "outside/child/group.py", ("outside/child/lifeline.py", "probe/protocol/lifeline.py")
_FOLDERS = ("outside/files/folders.py",)
_PROCESSES = (_GROUP, *_LIFELINES)
# What may not be written, and the files that may: they have the alternative, too.
ALLOWED = {
    **dict.fromkeys(("fcntl", "grp", "pwd", "pty", "termios"), ()),
    "resource": (_GROUP,),
    # the last reads the commands that a fork's files have, whatever system reads them
    "shlex": ("wire/shell.py", "outside/environment/upstream_settings.py", "core/fork/scripts/commands.py"),
    **dict.fromkeys(("os.fork", "os.killpg", "os.setpgid", "os.setsid"), _PROCESSES),
    "os.getpgid": (*_PROCESSES, "probe/guard/seal.py"),
    "os.geteuid": ("outside/files/held.py",),
    **dict.fromkeys(("os.chown", "os.mkfifo", "os.O_NOFOLLOW", "os.umask"), ()),
    "os.getuid": ("outside/files/user_folder.py",),
    **dict.fromkeys(("signal.SIGALRM", "signal.SIGHUP", "signal.SIGSTOP"), ()),
    "signal.SIGKILL": _PROCESSES,
    "os.name": (),  # `sys.platform` is what mypy understands
    **dict.fromkeys(("os.rename", "os.replace", "shutil.rmtree", "shutil.move"), _FOLDERS),
    # a link needs rights that a user of Windows rarely has
    "symlink_to": _FOLDERS,
    "os.symlink": (),
}
PATHS = {
    # a diff's word for no file, and a command of the shell that git brings along
    "/dev/null": ("core/patch/patch_file.py", "core/patch/parsing.py", "outside/git/command.py"),
    "/bin/sh": ("outside/child/lifeline.py", "outside/environment/upstream_settings.py"),
}


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.partition(".")[0]
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Attribute):
        yield node.attr
        if isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def _without_encoding(node: ast.AST) -> bool:
    """Return whether a call reads or writes a text in the encoding of the user's system."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    given = [one.value for one in node.args if isinstance(one, ast.Constant)]
    if any(keyword.arg == "encoding" for keyword in node.keywords):
        return False
    if name == "read_text":
        return not given
    return name == "write_text" or (name == "open" and not any("b" in str(mode) for mode in given) and _is_file(node))


def _is_file(node: ast.Call) -> bool:
    """Return whether `open` is Python's own or a path's, and no archive's or image's."""
    return isinstance(node.func, ast.Name) or not node.args


def _faults(file: str, text: str) -> list[str]:
    tree = ast.parse(text)
    used = {name for node in ast.walk(tree) for name in _names(node)}
    faults = [name for name in used & ALLOWED.keys() if file not in ALLOWED[name]]
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    faults += [path for path, files in PATHS.items() if file not in files and any(path in text for text in texts)]
    faults += [f"line {node.lineno}: no encoding" for node in ast.walk(tree) if _without_encoding(node)]
    return sorted(faults)


@pytest.mark.more
def test_no_file_uses_what_only_one_system_has():
    found = {}
    for file in FILES:
        name = file.relative_to(PACKAGE).as_posix()
        found[name] = _faults(name, file.read_text(encoding="utf-8"))
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("import fcntl", "fcntl"),
        ("def f():\n    import resource", "resource"),
        ("from signal import SIGKILL", "signal.SIGKILL"),
        ("import os; os.replace(a, b)", "os.replace"),
        ("run('git', 'config', '/dev/null')", "/dev/null"),
        ("path.write_text('x')", "line 1: no encoding"),
        ("open(path)", "line 1: no encoding"),
    ],
)
def test_it_would_be_seen(line, fault):
    assert _faults("steps/new.py", line) == [fault]
