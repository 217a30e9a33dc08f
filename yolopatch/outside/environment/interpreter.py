"""What an interpreter has: asked of it in a child process, without importing torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.wire.interpreters import InterpreterAnswer


@dataclass(frozen=True)
class Interpreter(InterpreterAnswer):
    """An interpreter and what it would import.

    Attributes:
        executable: absolute path; a virtual environment's own link is kept, for it is known by that.
    """

    executable: str

    @property
    def bin(self) -> Path:
        """The folder of its commands."""
        return Path(self.executable).parent

    @property
    def font(self) -> Path | None:
        """A TTF that its matplotlib brought, None where there is none."""
        matplotlib = self.origins.get("matplotlib")
        file = Path(matplotlib).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf" if matplotlib else None
        return file if file and file.is_file() else None
