"""Checkpoints: looked into without running anything of them, or loaded in a child process by upstream's own code."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from yolopatch.catalog.pins import Pin, style_of
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.executable import requirements_hint
from yolopatch.outside.probe.facts import PATIENCE
from yolopatch.outside.probe.launch import interpreter_launch, isolated_launch
from yolopatch.outside.probe.listen import TOO_LONG
from yolopatch.outside.probe.run import Failed, ask
from yolopatch.wire.checkpoints import Contents, Loaded, LoadRequest, LookRequest, NoCheckpoint
from yolopatch.wire.tasks import LOAD, LOOK_INTO

_PATIENCE = 60  # seconds to look into one; it takes a tenth of one, and a cold disk a few
_ANSWERS: tuple[type[Contents | NoCheckpoint], ...] = (Contents, NoCheckpoint)
_ISOLATED = ("-I", "-B")  # neither the user's variables nor their folder decide what is imported


def inspect_checkpoint(file: Path) -> Contents:
    """Read what the checkpoint tells of itself, in a child process that imports nothing but Python's own library.

    Raises:
        YolopatchError: there is no such file, or it is no checkpoint.
    """
    if not file.is_file():
        there = "is a folder" if file.is_dir() else "is no file" if file.exists() else "does not exist"
        raise YolopatchError(f"{file} {there}", hint="name a checkpoint that a training saved: best.pt")
    answer = ask(
        LOOK_INTO,
        LookRequest(str(file.absolute())),
        lambda folder: interpreter_launch(sys.executable, folder, _ISOLATED),
        _ANSWERS,
        patience=_PATIENCE,
        failure=lambda failed: _unreadable(file, failed),
    )
    if isinstance(answer, NoCheckpoint):
        raise YolopatchError(
            f"{file} is no checkpoint of upstream's", details=[answer.why], hint="name best.pt or last.pt of a run"
        )
    return answer


def _unreadable(file: Path, failed: Failed) -> YolopatchError:
    if failed.ended.why == TOO_LONG:
        why = f"reading it did not end in {_PATIENCE} s"
    else:
        why = (failed.lines[-1:] or (f"reading it ended with exit code {failed.ended.code}",))[0]
    return YolopatchError(
        f"{file} cannot be looked into", details=[why], hint="the file is damaged, or made to do harm: do not load it"
    )


def load_checkpoint(file: Path, pickle_sum: str, workspace: Path, pin: Pin, python: str) -> Loaded:
    """Load the checkpoint in the workspace by upstream's own loader, in a child process. This runs code of the file's.

    Args:
        file: the checkpoint.
        pickle_sum: what `inspect_checkpoint` said of it; another content is not loaded.
        workspace: whose upstream is imported.
        pin: the workspace's.
        python: the interpreter that has upstream's requirements.

    Raises:
        YolopatchError: it could not be loaded; the child's last words are in `details`.
    """
    with tempfile.TemporaryDirectory(prefix="yolopatch-load-") as folder:
        # upstream takes no other ending, and reads quotes and blanks in a name in its own way
        link = Path(folder) / "checkpoint.pt"
        link.symlink_to(file.absolute())
        request = LoadRequest(str(workspace), style_of(pin), str(link), pickle_sum)
        return ask(
            LOAD,
            request,
            lambda place: isolated_launch(python, place),
            Loaded,
            patience=PATIENCE,
            failure=lambda failed: _not_loaded(file, workspace, python, failed),
        )


def _not_loaded(file: Path, workspace: Path, python: str, failed: Failed) -> YolopatchError:
    if failed.ended.why == TOO_LONG:
        return YolopatchError(
            f"the model did not build or load in {failed.ended.limit:.0f} s, and the process was stopped",
            hint="try a smaller scale, or look for a loop in the model's code",
        )
    hint = "the lines above are upstream's own"
    if any("No module named" in line for line in failed.lines):
        hint = requirements_hint(python)
    what = f"{file} could not be loaded in {workspace}, which is restored"
    return YolopatchError(what, details=failed.lines, hint=hint)
