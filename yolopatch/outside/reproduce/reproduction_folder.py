"""The folder of a reproduction: its record, and the files that yolopatch writes. Edited files are not overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from yolopatch.core.reproduce.reproduction import PAGE, RECORD, WORKSPACE, Record, read_record, write_record
from yolopatch.core.text import sha256
from yolopatch.errors import ConflictError
from yolopatch.outside.files.staging import is_part, write_whole
from yolopatch.wire import shell


def open_folder(folder: Path, wanted: Record) -> Record | None:
    """Return the record in the folder, None if the folder is new.

    Raises:
        ConflictError: the folder contains something else.
    """
    file = folder / RECORD
    if not file.is_file():
        _require_free(folder)
        return None
    found = read_record(file.read_bytes())
    if found is None or found.identity != wanted.identity:
        text = " ".join(found.identity) if found else "a record that this version of yolopatch cannot read"
        raise ConflictError(
            f"{folder} contains another reproduction; nothing was changed",
            details=[f"found:    {text}", f"expected: {' '.join(wanted.identity)}"],
            hint="name another folder with --dest",
        )
    return found


def _require_free(folder: Path) -> None:
    """Check that the folder is empty, apart from what a killed run makes before the record."""
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    others = [name for name in names if name != WORKSPACE and not is_part(name)]
    if others or (folder.exists() and not folder.is_dir()):
        raise ConflictError(
            f"{folder} contains files that yolopatch did not write; nothing was changed",
            details=[f"found: {name}" for name in sorted(others)[:4]],
            hint="name another folder with --dest",
        )


def update_files(
    folder: Path, texts: Mapping[str, str], known: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write the files that are missing or unedited; edited files are not changed.

    Args:
        folder: the folder of the reproduction.
        texts: the new text of each file, by path from the folder.
        known: the sha256 of the text that yolopatch wrote last, by path.

    Returns:
        the sha256 of each new text, and a note for each edited file.
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
    what = "it was not changed" if file.name == PAGE else "it is used, so the results are not the post's"
    return (
        f"{file} was edited: {what} (sha256 expected {expected[:12]}, found {found[:12]}; "
        f"to restore it: `{shell.remove(file)}`, then run this again)"
    )


def save_record(folder: Path, record: Record) -> None:
    """Write the record."""
    write_whole(folder / RECORD, write_record(record))
