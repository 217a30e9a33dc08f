"""Tell what an installer is doing, and how much it has downloaded: some downloads take many minutes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from yolopatch.outside.files.folders import entries_below

_EVERY = 1.0  # seconds
_MEGABYTE = 1_000_000
_DOWNLOADS = ("Collecting", "Downloading")
_LINE = re.compile(r"\s*(?:Collecting|Downloading|Installing collected|Prepared|Installed|Resolved)\b.{0,40}")


@contextmanager
def told_regularly(tell: Callable[[str], None], what: str, folder: Path) -> Iterator[Callable[[str], None]]:
    """Tell the installer's last step every second, with the size of what lies in its temporary folder.

    Args:
        tell: called with what to show.
        what: what the installer is doing, until it says more.
        folder: the temporary folder, into which pip downloads.

    Yields:
        the function to call with each line that the installer prints.
    """
    shown, ended = [what], threading.Event()

    def repeat() -> None:
        while not ended.wait(_EVERY):
            size = _size(folder) if shown[0].startswith(_DOWNLOADS) else 0
            tell(shown[0] + (f", {size // _MEGABYTE:,} MB so far" if size >= _MEGABYTE else ""))

    def hear(line: str) -> None:
        found = _LINE.match(line)
        if found:
            shown[0] = found[0].strip()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield hear
    finally:
        ended.set()
        thread.join()


def _size(folder: Path) -> int:
    """Return the bytes of all files in a folder; files that vanish meanwhile count nothing."""
    return sum(path.lstat().st_size for path in entries_below(folder) if path.is_file())
