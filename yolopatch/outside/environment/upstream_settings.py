"""Where a workspace's upstream keeps its settings, and the environment in which its code runs on its own behalf."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from pathlib import Path

from yolopatch.core.environment.quiet_settings import quiet_settings
from yolopatch.outside.environment.child_variables import child_variables
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.files.staging import write_whole
from yolopatch.outside.source.store import cache_dir

# 8.2 and 8.3 look in the folder that YOLO_CONFIG_DIR names, 8.4 in this one in it, yolov5 where its own variable says
PLACES = (".", "Ultralytics", "yolov5")
FONTS = ("Arial.ttf", "Arial.Unicode.ttf")
_SETTINGS_FILES = ("settings.yaml", "settings.json")  # 8.2; since 8.3. JSON is YAML, too
_SETTINGS_SOURCE = Path("ultralytics", "utils", "__init__.py")
_COMMANDS = {"ultralytics": ("yolo", "from ultralytics.cfg import entrypoint; entrypoint()")}


def settings_folder(workspace: Path) -> Path:
    """Return the workspace's own settings folder: it never shows as untracked, and goes with the workspace."""
    workspace = workspace.absolute()
    git = workspace / ".git"
    if git.is_dir():
        return git / "yolopatch" / "settings"
    digest = hashlib.sha256(str(workspace).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return cache_dir() / "settings" / f"{workspace.name}-{digest}"  # no checkout of ours: nothing is put into it


def upstream_variables(workspace: Path, interpreter: Interpreter) -> dict[str, str]:
    """Return the whole environment (os.environ and ours) in which upstream's code runs from this workspace.

    Upstream is imported from the workspace, whatever is installed. The settings folder is made where it is not there
    yet: a font, settings that send nothing to anybody, and upstream's own command.
    """
    workspace = workspace.absolute()
    home = settings_folder(workspace)
    environment = child_variables(home, interpreter.executable)
    for place in PLACES:
        (home / place).mkdir(exist_ok=True)
    _put_fonts(home, interpreter)
    _put_settings(home, workspace)
    commands = _put_commands(home, workspace, interpreter)
    environment["PYTHONPATH"] = os.pathsep.join((environment["PYTHONPATH"], str(workspace)))
    environment["PATH"] = os.pathsep.join((str(commands), environment["PATH"]))
    environment.pop("VIRTUAL_ENV", None)
    return environment | ({"VIRTUAL_ENV": interpreter.prefix} if interpreter.virtual else {})


def shared_settings_folder() -> Path:
    """Return the folder that upstream shares between all its copies of a user where nobody names another."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "Ultralytics"


def _put_fonts(home: Path, interpreter: Interpreter) -> None:
    for name in FONTS:
        known = shared_settings_folder() / name  # what upstream has downloaded before has more letters
        source = known if known.is_file() else interpreter.font
        for place in PLACES:
            file = home / place / name
            if source and not file.exists():
                _write(file, source.read_bytes())


def _put_settings(home: Path, workspace: Path) -> None:
    """Write settings where there are none, or where they name the folders of the place that the workspace had."""
    source = workspace / _SETTINGS_SOURCE
    if not source.is_file():
        return
    folders = {
        "datasets_dir": str(workspace.parent / "datasets"),
        "weights_dir": str(workspace / "weights"),
        "runs_dir": str(workspace / "runs"),
    }
    settings = quiet_settings(source.read_text("utf-8", "replace"), folders)
    moved = _read(home / "workspace") != str(workspace)
    for file in (home / place / name for place in PLACES[:2] for name in _SETTINGS_FILES):
        if settings and (moved or not file.exists()):
            _write(file, json.dumps(settings, indent=2).encode())
    _write(home / "workspace", str(workspace).encode("utf-8", "surrogateescape"))


def _put_commands(home: Path, workspace: Path, interpreter: Interpreter) -> Path:
    """Write the command that an installed upstream would bring, and return the folder that holds it."""
    folder = home / "bin"
    folder.mkdir(exist_ok=True)
    for package, (name, code) in _COMMANDS.items():
        if (workspace / package).is_dir():
            line = f'exec {shlex.quote(interpreter.executable)} -c {shlex.quote(code)} "$@"\n'
            _write(folder / name, f"#!/bin/sh\n{line}".encode("utf-8", "surrogateescape"), 0o755)
    return folder


def _read(file: Path) -> str:
    return file.read_bytes().decode("utf-8", "surrogateescape") if file.is_file() else ""


def _write(file: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file at once: another process may be reading it, or writing the same."""
    if not (file.is_file() and file.read_bytes() == data):
        write_whole(file, data, mode)
