"""Faults that are planted in a command, one for each row of the table: a row that does not see its own cannot fail.

Each is a fault that a row is there for; some are faults that yolopatch had. A plant replaces a function in the process
of the command, before anything else imports it. `PLANTS` has the row of each.
"""

from __future__ import annotations

import contextlib
import os
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


def _locks_by_existence() -> None:
    """A lock is a file that is there: the lock of a killed command blocks every other."""
    from yolopatch.outside.files import lock

    real = lock._acquired

    def acquired(path: Path, patience: float) -> Any:
        os.close(os.open(f"{path}.taken", os.O_CREAT | os.O_EXCL))
        taken = real(path, patience)
        let_go = taken.release

        def release(*arguments: Any, **named: Any) -> None:
            Path(f"{path}.taken").unlink()
            let_go(*arguments, **named)

        taken.release = release
        return taken

    lock._acquired = acquired


def _children_without_a_lifeline() -> None:
    """A child does not notice that its parent was killed."""
    from yolopatch.outside.probe import process

    process._pipe = lambda: (None, None)


def _another_head_each_time() -> None:
    """A checkpoint has another head when the command runs again."""
    from yolopatch.wire import checkpoints

    real = checkpoints.TransplantRequest.__init__

    def begin(self: Any, *arguments: Any, **named: Any) -> None:
        real(self, *arguments, **{**named, "nc": 1 + os.getpid() % 70})

    checkpoints.TransplantRequest.__init__ = begin


def _errors_of_the_system_are_bugs() -> None:
    """A full disk is told with a traceback."""
    from yolopatch.outside.files import system_errors

    system_errors.machine_error = lambda *_: None


def _files_one_by_one() -> None:
    """Of several files, those before the one that failed stay."""
    from yolopatch.outside.files import staging

    def write(contents: Any, **_: Any) -> None:
        for file, data in contents.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    staging.write_all = write


def _tables_that_fail_are_bugs() -> None:
    """A table of a grid that cannot be written is told with a traceback."""
    _errors_of_the_system_are_bugs()


def _no_locks() -> None:
    """Nobody waits for anybody."""
    from yolopatch.outside.files import lock

    @contextlib.contextmanager
    def hold(path: Path, *_: Any, **__: Any) -> Iterator[None]:
        path.touch()
        yield

    lock.hold_lock = hold


def _a_lock_in_the_cache() -> None:
    """The lock of a workspace lies in the cache: who has another cache does not see it."""
    from yolopatch.outside.workspace import lock

    def lock_file(path: Path, name: str = lock.LOCK) -> Path:
        return Path(os.environ["YOLOPATCH_CACHE"]) / f"{path.name}-{name}"

    lock.lock_file = lock_file


def _temporary_folders_stay() -> None:
    """What was fetched stays in the folder for temporary files."""
    from yolopatch.outside.files import held

    held._remove_empty = lambda _: None


def _archives_are_unpacked() -> None:
    """An archive is unpacked before anybody looks at the names in it."""
    import zipfile

    from yolopatch.outside.source import archive

    real = archive.read_wheel

    def read(path: Path) -> Any:
        with contextlib.suppress(Exception), zipfile.ZipFile(path) as opened:
            for name in opened.namelist()[:9]:
                # of a path that leads out, no more than out of the user's folder
                file = Path(name.lstrip("/").replace("../", "", name.count("../") - 1))
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(b"unpacked")
        return real(path)

    archive.read_wheel = read


def _forks_are_imported() -> None:
    """The version of a fork is asked of its package."""
    from yolopatch.core.fork import packages
    from yolopatch.outside.fork import read

    real = packages.said_version

    def said(files: Any) -> str:
        with contextlib.suppress(Exception):
            exec(files.get("ultralytics/__init__.py", b""), {})
        return real(files)

    read.said_version = said


def _any_pickle() -> None:
    """What a checkpoint calls is not looked at."""
    from yolopatch.core.checkpoint import allowed

    allowed.unknown_names = allowed.unknown_uses = lambda *_: ()


def _any_entry() -> None:
    """The fields of a catalog's entry are not looked at."""
    from yolopatch.core.own import entry_forms

    entry_forms.check_pin_entry = entry_forms.check_module_entry = lambda _: None


def _pasted_code_runs() -> None:
    """A pasted file is imported to see what is in it."""
    from yolopatch.core.paste import reading

    real = reading.read_paste

    def read(data: bytes, name: str) -> Any:
        paste = real(data, name)
        code = b"\n".join(line for line in data.splitlines() if b"import" not in line)
        with contextlib.suppress(Exception):
            exec(code, {"nn": types.SimpleNamespace(Module=object)})
        return paste

    reading.read_paste = read


def _yaml_runs() -> None:
    """A YAML makes any object that it names."""
    import yaml

    from yolopatch.core import plain_yaml

    plain_yaml.load_plain = lambda text, *_: yaml.unsafe_load(text)


def _edits_are_overwritten() -> None:
    """`apply` and `remove` do not look for the user's edits."""
    from yolopatch.outside.workspace import obstacles

    obstacles.find_hidden = lambda *_: iter(())

    from yolopatch.outside.workspace import user_changes

    user_changes.check_changeable = lambda *_: None


def _labels_are_numbers() -> None:
    """A label file is taken for one that upstream could read."""
    from yolopatch.core.data import labels

    def read(text: str, form: Any) -> Any:
        return [float(word) for line in text.splitlines() for word in line.split()]

    labels.read_labels = read


def _files_as_git_is_configured() -> None:
    """git writes files with the line ends that the user's configuration asks for."""
    from yolopatch.outside.git import command

    command._AS_STORED = ()


def _installers_without_a_guard() -> None:
    """pip goes on when the command is killed."""
    from yolopatch.outside.child import group

    real = group._apart
    group._apart = lambda _, limits: real(None, limits)


PLANTS: dict[str, tuple[Callable[[], None], ...]] = {
    "kills": (_locks_by_existence,),
    "kills-models": (_children_without_a_lifeline, _another_head_each_time),
    "failures": (_errors_of_the_system_are_bugs, _files_one_by_one),
    "grids": (_tables_that_fail_are_bugs,),
    "environments": (_installers_without_a_guard,),
    "crowds": (_no_locks,),
    "two-caches": (_a_lock_in_the_cache,),
    "mirrors": (_temporary_folders_stay,),
    "archives": (_archives_are_unpacked,),
    "forks": (_forks_are_imported,),
    "checkpoints": (_any_pickle,),
    "catalogs": (_any_entry,),
    "pasted": (_pasted_code_runs,),
    "yamls": (_yaml_runs,),
    "datasets": (_yaml_runs,),
    "sequences": (_edits_are_overwritten,),
    "parsers": (_labels_are_numbers,),
    "platforms": (_files_as_git_is_configured,),
}

# Where one command is enough to see a fault, and the others would take minutes to prepare: its name.
_CASES = {
    "_children_without_a_lifeline": "verify",
    "_another_head_each_time": "transplant",
    "_tables_that_fail_are_bugs": "ablate, tables",
}


class Fault(NamedTuple):
    """A fault: the name by which it is planted, what it is, and which cases are tried, "" for all."""

    name: str
    what: str
    case: str


def plant(name: str) -> None:
    """Plant the fault of this name, as `faults_of` gives it."""
    next(one for plants in PLANTS.values() for one in plants if one.__name__ == name)()


def faults_of(row: str) -> list[Fault]:
    """Return the faults of a row."""
    return [Fault(one.__name__, (one.__doc__ or "").strip(), _CASES.get(one.__name__, "")) for one in PLANTS[row]]
