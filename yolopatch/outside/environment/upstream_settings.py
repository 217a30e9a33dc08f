"""The settings folder of a workspace's upstream, and the environment variables to run upstream from the workspace."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
from pathlib import Path

from yolopatch.core.environment.quiet_settings import quiet_settings
from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.child_variables import child_variables
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.files.staging import write_whole
from yolopatch.outside.source.store import cache_dir

# 8.2 and 8.3 use the folder YOLO_CONFIG_DIR, 8.4 its subfolder, and yolov5 the folder YOLOV5_CONFIG_DIR
_FOLDERS = (".", "Ultralytics", "yolov5")
FONTS = ("Arial.ttf", "Arial.Unicode.ttf")
_SETTINGS_FILES = ("settings.yaml", "settings.json")  # until 8.2, since 8.3; JSON is also YAML
_SETTINGS_SOURCE = Path("ultralytics", "utils", "__init__.py")
_COMMANDS = {"ultralytics": ("yolo", "from ultralytics.cfg import entrypoint; entrypoint()")}


def settings_folder(workspace: Path) -> Path:
    """Return the workspace's settings folder. It is in .git: never untracked, and deleted with the workspace."""
    workspace = workspace.absolute()
    git = workspace / ".git"
    if git.is_dir():
        return git / "yolopatch" / "settings"
    digest = hashlib.sha256(str(workspace).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    # not a git checkout: yolopatch writes nothing into it
    return cache_dir() / "settings" / f"{workspace.name}-{digest}"


def upstream_variables(workspace: Path, interpreter: Interpreter) -> dict[str, str]:
    """Return all environment variables (of os.environ and ours) to run upstream's code from this workspace.

    Upstream is imported from the workspace, even if another copy is installed. A missing settings folder is made,
    with a font, settings without any upload, and upstream's command.
    """
    workspace = workspace.absolute()
    folder = settings_folder(workspace)
    variables = child_variables(folder, interpreter.executable)
    for subfolder in _FOLDERS:
        (folder / subfolder).mkdir(exist_ok=True)
    _put_fonts(folder, interpreter)
    _put_settings(folder, workspace)
    commands = _put_commands(folder, workspace, interpreter)
    variables["PYTHONPATH"] = os.pathsep.join((variables["PYTHONPATH"], str(workspace)))
    variables["PATH"] = os.pathsep.join((str(commands), variables["PATH"]))
    variables.pop("VIRTUAL_ENV", None)
    return variables | ({"VIRTUAL_ENV": interpreter.prefix} if interpreter.virtual else {})


def tracking_settings(workspace: Path, interpreter: Interpreter, setting: str) -> Path:
    """Return a settings folder that is like the workspace's, with one service switched on; the workspace's own stays.

    Args:
        workspace: of an ultralytics pin.
        interpreter: runs its upstream.
        setting: the key of the service in upstream's settings.

    Raises:
        YolopatchError: the user has edited the settings, and they cannot be read.
    """
    upstream_variables(workspace, interpreter)
    own = settings_folder(workspace)
    folder = own / "trackers" / setting
    for subfolder in _FOLDERS[:2]:
        (folder / subfolder).mkdir(parents=True, exist_ok=True)
        for name in (*FONTS, *_SETTINGS_FILES):
            source = own / subfolder / name
            if source.is_file():
                data = source.read_bytes() if name in FONTS else _switched_on(source, setting)
                _write(folder / subfolder / name, data)
    return folder


def _switched_on(file: Path, setting: str) -> bytes:
    try:
        settings = load_plain(file.read_text("utf-8"))
    except (PlainYamlError, UnicodeDecodeError):
        settings = None
    if not isinstance(settings, dict):
        raise YolopatchError(
            f"{file} cannot be read: it has no settings of upstream",
            details=["expected: what upstream writes, a key and a value on each line"],
            hint="delete the file; it is written again",
        )
    return json.dumps({**settings, setting: True}, indent=2).encode()


def shared_settings_folder() -> Path:
    """Return the settings folder that all other copies of upstream share by default."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path(os.path.expanduser("~")) / ".config") / "Ultralytics"


def _put_fonts(folder: Path, interpreter: Interpreter) -> None:
    for name in FONTS:
        known = shared_settings_folder() / name  # a font that upstream has downloaded has more letters
        source = known if known.is_file() else interpreter.font
        for subfolder in _FOLDERS:
            file = folder / subfolder / name
            if source and not file.exists():
                _write(file, source.read_bytes())


def _put_settings(folder: Path, workspace: Path) -> None:
    """Write the settings if they are missing, or if the workspace was moved: they contain paths."""
    source = workspace / _SETTINGS_SOURCE
    if not source.is_file():
        return
    folders = {
        "datasets_dir": str(workspace.parent / "datasets"),
        "weights_dir": str(workspace / "weights"),
        "runs_dir": str(workspace / "runs"),
    }
    settings = quiet_settings(source.read_text("utf-8", "replace"), folders)
    moved = _read(folder / "workspace") != str(workspace)
    for file in (folder / subfolder / name for subfolder in _FOLDERS[:2] for name in _SETTINGS_FILES):
        if settings and (moved or not file.exists()):
            _write(file, json.dumps(settings, indent=2).encode())
    _write(folder / "workspace", str(workspace).encode("utf-8", "surrogateescape"))


def _put_commands(folder: Path, workspace: Path, interpreter: Interpreter) -> Path:
    """Write the command that an installed upstream has (`yolo`), and return its folder."""
    commands = folder / "bin"
    commands.mkdir(exist_ok=True)
    for package, (name, code) in _COMMANDS.items():
        if (workspace / package).is_dir():
            _put_command(commands / name, interpreter.executable, code)
    return commands


def _put_command(file: Path, python: str, code: str) -> None:
    """Write a command that runs this code in the interpreter."""
    if sys.platform == "win32":
        # by its name, which PATH finds first: the file is read in the console's encoding, which may lack the path's
        line = f'@{Path(python).name} -c "{code}" %*\r\n'
        _write(file.with_suffix(".cmd"), line.encode())
        return
    line = f'exec {shlex.quote(python)} -c {shlex.quote(code)} "$@"\n'
    _write(file, f"#!/bin/sh\n{line}".encode("utf-8", "surrogateescape"), 0o755)


def _read(file: Path) -> str:
    return file.read_bytes().decode("utf-8", "surrogateescape") if file.is_file() else ""


def _write(file: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file if it differs; another process may be reading it, or writing the same."""
    if not (file.is_file() and file.read_bytes() == data):
        write_whole(file, data, mode)
