"""The process of the unchanged upstream, for the base model and its loss: two upstreams have one package name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...wire.lines import write_request
from ...wire.tasks import REFERENCE
from ...wire.verification import ReferenceRequest, VerifyRequest

PROBE = Path(__file__).resolve().parent.parent / "__main__.py"
TIMEOUT = 300  # seconds; it imports upstream, builds one model and runs it once

_CHECKS = {"base-parity", "loss"}  # that want it


class ReferenceProcess:
    """A process that imports the unchanged upstream, and then builds the model that it is asked for.

    Attributes:
        out: the file that the reference is in when the process has ended well, see `reference.describe`.
    """

    def __init__(self, folder: Path, pristine: str, style: str) -> None:
        """Start it.

        Args:
            folder: a folder for its files.
            pristine: the folder of the unchanged upstream.
            style: of the upstream, see UpstreamRequest.
        """
        self.out = folder / "reference.pt"
        self._log = folder / "reference.log"
        request = write_request(REFERENCE, ReferenceRequest(workspace=pristine, style=style, out=str(self.out)))
        (folder / "reference.json").write_text(request, encoding="utf-8")
        command = [sys.executable, str(PROBE), str(folder / "reference.json"), str(folder / "reference.answers")]
        with self._log.open("wb") as log:
            # one thread, because more would take turns with the threads of the checks
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )

    def ask(self, data: Mapping[str, Any]) -> None:
        """Ask for the model of a parsed YAML; `wait` waits for it."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as pipe:  # it may have ended, and `wait` says how
            pipe.write(json.dumps(data).encode())

    def wait(self) -> None:
        """Wait until `out` is written.

        Raises:
            RuntimeError: the unchanged upstream did not build the model, or not in time; its last lines are in the
                message.
        """
        try:
            code = self._process.wait(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self.end()
            code = self._process.returncode
        if code:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
            raise RuntimeError(f"the unchanged upstream ended with {code}: " + " | ".join(lines[-4:]))

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()


def start(request: VerifyRequest) -> ReferenceProcess | None:
    """Start the process if a check will want it; most of its time is the import of torch, at the same time as ours."""
    if request.pristine is None or not _CHECKS & set(request.checks):
        return None
    return ReferenceProcess(Path(request.folder), request.pristine, request.style)
