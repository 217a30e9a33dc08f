"""The name of this machine's processor."""

from __future__ import annotations

import platform
import re
from pathlib import Path

_LINUX = Path("/proc/cpuinfo")
_NAME = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)


def processor_name() -> str:
    """Return the name of the processor as the system tells it; its architecture where it tells no name."""
    if _LINUX.is_file():
        found = _NAME.search(_LINUX.read_text("utf-8", "replace"))
        if found:
            return " ".join(found[1].split())
    return platform.processor() or platform.machine() or "cpu"
