"""Try every module and every family of models on a GPU, without a network, and print one table.

Run with `make gpu`. A row that fails stops no other; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path

import torch

from gpu.layer_cases import TRIED, describe_sizes
from gpu.layer_rows import layer_rows, run_layer_rows
from gpu.machine import describe
from gpu.model_rows import LATENCY, Place, model_rows, run_model_row
from gpu.page import page
from gpu.row import Result, Row

_CORES = 2  # for one model: where there are more, several models are tried at a time, once all times are measured
_MINUTES = {"cuda": 8.0, "cpu": 60.0}


def main() -> int:
    """Run the rows and return the exit code."""
    asked = _arguments()
    device = "cpu" if asked.device == "cpu" else f"cuda:{asked.device}"
    if device != "cpu" and int(asked.device) >= torch.cuda.device_count():
        return _refused(
            f"torch {torch.__version__} sees {torch.cuda.device_count()} GPUs, so none is number {asked.device}"
        )
    kind = "cpu" if device == "cpu" else "cuda"
    begun = time.monotonic()
    rows = _rows(kind, asked.only or ["*"])
    if not rows:
        return _refused(f"--only {' '.join(asked.only)} names no row", f"--only with one of: {_names(kind)}")
    head, results = [*describe(device), describe_sizes(device)], []
    print("\n".join(head), file=sys.stderr, flush=True)
    for result in _results(rows, device, asked, begun + 60 * (asked.minutes or _MINUTES[kind])):
        results.append(result)
        _say(result, len(results), len(rows))
        text = page(head, results, time.monotonic() - begun)
        if asked.out:
            asked.out.write_text(text, encoding="utf-8")
    print(text)
    return int(any(not result.ok for result in results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gpu", description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="0", metavar="cpu|NUMBER", help="the CPU, or the number of a GPU")
    parser.add_argument("--only", nargs="+", metavar="SUBJECT/WHAT", help="only these rows; * stands for anything")
    parser.add_argument(
        "--data", type=Path, metavar="YAML", help="train on these images; without it, on generated ones"
    )
    parser.add_argument("--minutes", type=float, help="rows that have not begun by then have failed")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table to this file, too, after every row")
    asked = parser.parse_args()
    if asked.device != "cpu" and not asked.device.isdecimal():
        parser.error(f"--device {asked.device}: expected cpu, or the number of a GPU")
    if asked.data and not asked.data.is_file():
        parser.error(f"--data {asked.data}: there is no such file")
    return asked


def _refused(what: str, hint: str = "make gpu DEVICE=cpu") -> int:
    print(f"error: {what}\n  next: {hint}", file=sys.stderr)
    return 1


def _rows(kind: str, patterns: list[str]) -> list[Row]:
    rows = [row for name in TRIED for row in layer_rows(name, kind)]
    rows += model_rows(kind)
    return [row for row in rows if any(fnmatch(row.name, pattern) for pattern in patterns)]


def _names(kind: str) -> str:
    return " ".join(row.name for row in _rows(kind, ["*"]))


def _results(rows: list[Row], device: str, asked: argparse.Namespace, end: float) -> Iterator[Result]:
    """Run the rows; what has not begun by the end has failed."""
    layers = {row for name in TRIED for row in layer_rows(name, device)}
    for _, group in groupby((row for row in rows if row in layers), key=lambda row: row.subject):
        yield from run_layer_rows(list(group), device, end)
    models = [row for row in rows if row not in layers]
    if models:
        with tempfile.TemporaryDirectory(prefix="yolopatch-gpu-") as name:
            place = Place(Path(name), asked.device, asked.data)
            for row in models:
                if row.what == LATENCY:
                    yield run_model_row(row, place, end)
            others = [row for row in models if row.what != LATENCY]
            with ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // _CORES)) as together:
                yield from together.map(lambda row: run_model_row(row, place, end), others)


def _say(result: Result, number: int, count: int) -> None:
    word = "ok" if result.ok else "FAILED"
    line = f"[{number}/{count}] {result.row.name}: {word}, {result.seconds:.1f} s: {result.text}"
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
