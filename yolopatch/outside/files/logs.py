"""The logs of bugs, in the folder for temporary files: the newest are kept."""

from __future__ import annotations

import os
import re
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from yolopatch.outside.files.held import is_mine

_NAME = re.compile(r"yolopatch-\d{8}-\d{6}-\d+\.log")
_KEPT = 10


def write_log(text: str) -> Path:
    """Write a log and return its path; of this user's earlier logs, the newest are kept.

    Raises:
        OSError: it cannot be written.
    """
    folder = Path(tempfile.gettempdir())
    log = folder / f"yolopatch-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    # a new file: others may write in this folder, and a link of theirs is not followed
    with log.open("x", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(text)
    _remove_older(folder)
    return log


def _remove_older(folder: Path) -> None:
    with suppress(OSError):  # old logs harm nobody
        logs = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name) and is_mine(path))
        for log in logs[:-_KEPT]:
            log.unlink(missing_ok=True)
