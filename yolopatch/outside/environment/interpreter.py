"""An interpreter and its packages, as `probe/inspect.py` finds them without importing torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.wire.interpreters import InterpreterAnswer


@dataclass(frozen=True)
class Interpreter(InterpreterAnswer):
    """An interpreter and its packages.

    Attributes:
        executable: its absolute path; for a virtual environment, the path of the link in it.
    """

    executable: str

    @property
    def bin(self) -> Path:
        """The folder of its commands."""
        return Path(self.executable).parent

    @property
    def font(self) -> Path | None:
        """A font file of its matplotlib, None without matplotlib."""
        matplotlib = self.origins.get("matplotlib")
        file = Path(matplotlib).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf" if matplotlib else None
        return file if file and file.is_file() else None
