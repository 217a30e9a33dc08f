"""An interpreter and its packages, as `probe/inspect.py` finds them without importing torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.outside.environment.executable import commands_folder
from yolopatch.wire.python.interpreters import InterpreterAnswer


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
        return commands_folder(Path(self.executable))

    @property
    def font(self) -> Path | None:
        """A font file of its matplotlib, None without matplotlib."""
        matplotlib = self.origins.get("matplotlib")
        file = Path(matplotlib).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf" if matplotlib else None
        return file if file and file.is_file() else None
