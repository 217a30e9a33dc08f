"""The folder of a reproduction: its record, and the files that yolopatch keeps in it without ever undoing an edit."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from yolopatch.core.reproduce.reproduction import PAGE, RECORD, WORKSPACE, Record, read_record, write_record
from yolopatch.core.text import sha256
from yolopatch.errors import ConflictError
from yolopatch.outside.files.staging import write_whole


def open_folder(folder: Path, wanted: Record) -> Record | None:
    """Return the record of the folder, None where nothing is there yet.

    Raises:
        ConflictError: the folder holds something else.
    """
    file = folder / RECORD
    if not file.is_file():
        _require_free(folder)
        return None
    found = read_record(file.read_bytes())
    if found is None or found.identity != wanted.identity:
        there = _identity_text(found) if found else "what this yolopatch cannot read"
        raise ConflictError(
            f"{folder} holds another reproduction; nothing was changed",
            details=[f"found:    {there}", f"expected: {_identity_text(wanted)}"],
            hint="name another folder with --dest",
        )
    return found


def _identity_text(record: Record) -> str:
    tutorial, flavor, pin, compat = record.identity
    return " ".join([tutorial, flavor, pin, *["compat"] * compat])


def _require_free(folder: Path) -> None:
    """A run that was killed may have left a workspace before there was a record."""
    others = [entry.name for entry in folder.iterdir() if entry.name != WORKSPACE] if folder.is_dir() else []
    if others or (folder.exists() and not folder.is_dir()):
        raise ConflictError(
            f"{folder} holds something of yours; nothing was changed",
            details=[f"found: {name}" for name in sorted(others)[:4]],
            hint="name another folder with --dest",
        )


def update_files(
    folder: Path, texts: Mapping[str, str], known: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write the files that are missing or as yolopatch left them; those that were edited stay.

    Args:
        folder: of the reproduction.
        texts: by path from the folder.
        known: the sha256 of what yolopatch wrote there before.

    Returns:
        the sha256 of what yolopatch wrote or would have written, and a note for each file that was edited.
    """
    sums, notes = {}, []
    for name, text in texts.items():
        file, data = folder / name, text.encode()
        sums[name] = sha256(data)
        found = sha256(file.read_bytes()) if file.is_file() else None
        if found in (None, known.get(name)):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, data)
        elif found != sums[name]:
            notes.append(_edited(file, sums[name], found))
    return sums, tuple(notes)


def _edited(file: Path, expected: str, found: str) -> str:
    what = "it is left as it is" if file.name == PAGE else "it is used as it is, and results are not the post's"
    return (
        f"{file} is not as yolopatch writes it: {what} (sha256 expected {expected[:12]}, found {found[:12]}; "
        f"`rm {shlex.quote(str(file))}` and run this again to have it back)"
    )


def save_record(folder: Path, record: Record) -> None:
    """Write the record."""
    write_whole(folder / RECORD, write_record(record))
