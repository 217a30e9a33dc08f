"""Checkpoints: read without running their code, or loaded by upstream's own code, both in a child process."""

from __future__ import annotations

import sys
from pathlib import Path

from yolopatch.catalog.pins import Pin, style_of
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.executable import requirements_hint
from yolopatch.outside.files.folders import link
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.probe.facts import PATIENCE, model_too_slow
from yolopatch.outside.probe.launch import interpreter_launch, isolated_launch
from yolopatch.outside.probe.listen import TOO_LONG
from yolopatch.outside.probe.run import Failed, ask
from yolopatch.wire.checkpoints import Contents, Loaded, LoadRequest, LookRequest, NoCheckpoint
from yolopatch.wire.tasks import LOAD, LOOK_INTO

_PATIENCE = 60  # seconds to read a checkpoint; it takes 0.1 s, and a few seconds from a cold disk
_ANSWERS: tuple[type[Contents | NoCheckpoint], ...] = (Contents, NoCheckpoint)
_ISOLATED = ("-I", "-B")  # the user's variables and folder do not change what is imported


def inspect_checkpoint(file: Path) -> Contents:
    """Read the contents of a checkpoint in a child process that imports only the standard library.

    Raises:
        YolopatchError: the file does not exist, or is not a checkpoint.
    """
    if not file.is_file():
        why = "is a folder" if file.is_dir() else "is not a file" if file.exists() else "does not exist"
        raise YolopatchError(f"{file} {why}", hint="name a checkpoint that a training run saved: best.pt")
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
            f"{file} is not a checkpoint of upstream",
            details=[answer.why],
            hint="name best.pt or last.pt of a training run",
        )
    return answer


def _unreadable(file: Path, failed: Failed) -> YolopatchError:
    if failed.ended.why == TOO_LONG:
        why = f"reading it did not end in {_PATIENCE} s"
    else:
        why = (failed.lines[-1:] or (f"reading it ended with exit code {failed.ended.code}",))[0]
    return YolopatchError(
        f"{file} cannot be read", details=[why], hint="the file is damaged or harmful: do not load it"
    )


def load_checkpoint(
    file: Path, pickle_sum: str, workspace: Path, pin: Pin, python: str, *, trust: bool = False
) -> Loaded:
    """Load the checkpoint in the workspace with upstream's own loader, in a child process. This runs code of the file.

    Args:
        file: the checkpoint.
        pickle_sum: the checksum that `inspect_checkpoint` returned; a file with another checksum is not loaded.
        workspace: its upstream is imported.
        pin: the pin of the workspace.
        python: the interpreter that has upstream's requirements.
        trust: load it even if a model's YAML in it has strings that upstream would run.

    Raises:
        YolopatchError: it could not be loaded (the last lines of the child's output are in `details`), or has such a
            YAML.
    """
    with temporary_folder() as folder:
        # upstream takes no other suffix, and changes quotes and spaces in a file name
        named = folder / "checkpoint.pt"
        link(file, named)
        request = LoadRequest(str(workspace), style_of(pin), str(named), pickle_sum, trust)
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
        return model_too_slow(failed)
    hint = "the lines above come from upstream"
    if any("No module named" in line for line in failed.lines):
        hint = requirements_hint(python)
    what = f"{file} could not be loaded in {workspace}, which is restored"
    return YolopatchError(what, details=failed.lines, hint=hint)
