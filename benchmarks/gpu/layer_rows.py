"""The rows of the layers: a process for each module, and a new one after a row that ended or outlasted it."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from gpu.layer_checks import CHECKS
from gpu.layer_costs import COSTS, ONLY_ON_A_GPU
from gpu.row import Result, Row

_BUDGET = 30.0  # seconds of one row
_START = 90.0  # seconds of the process until its first row: it imports torch, and wakes the GPU
_TOLD = 300  # characters of what a process said last


def layer_rows(module: str, device: str) -> list[Row]:
    """Return the rows of a module."""
    names = [name for name in (*CHECKS, *COSTS) if device != "cpu" or name not in ONLY_ON_A_GPU]
    return [Row(module, name, _BUDGET) for name in names]


def run_layer_rows(rows: Sequence[Row], device: str, end: float) -> Iterator[Result]:
    """Run rows of one module, each within its budget and before the end (of `time.monotonic`)."""
    left = list(rows)
    while left:
        for result in _with_one_process(tuple(left), device, end):
            left.remove(result.row)
            yield result


def _with_one_process(rows: Sequence[Row], device: str, end: float) -> Iterator[Result]:
    """Run rows until one fails by ending the process, or by taking too long."""
    with tempfile.TemporaryFile() as errors:
        process = _Process(rows, device, errors)
        try:
            why = process.answer(min(_START, end - time.monotonic()))[1]
            for row in rows:
                begun = time.monotonic()
                answer: dict[str, Any] | None = None
                if not why:
                    answer, why = process.answer(min(row.budget, end - begun))
                seconds = time.monotonic() - begun
                if answer is None:
                    yield Result(row, False, f"{why}{_last_line(errors)}", seconds)
                    return
                yield Result(row, answer["ok"], answer["text"], seconds)
                if answer["lost"]:
                    return
        finally:
            process.end()


class _Process:
    """A process that checks layers, and its answers."""

    def __init__(self, rows: Sequence[Row], device: str, errors: Any) -> None:
        command = [sys.executable, "-m", "gpu.layer_child", rows[0].subject, device, *(row.what for row in rows)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def answer(self, seconds: float) -> tuple[dict[str, Any] | None, str]:
        """Return its next answer, or None and why there is none."""
        try:
            line = self._lines.get(timeout=max(seconds, 0))
        except queue.Empty:
            return None, f"no answer within {max(seconds, 0):.0f} s"
        if line is None:
            return None, f"the process ended with {self._process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer, ""

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()


def _last_line(errors: Any) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return f": {lines[-1][-_TOLD:]}" if lines else ""
