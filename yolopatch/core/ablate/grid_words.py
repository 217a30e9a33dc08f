"""What errors of steps that `ablate` shares with other commands say, in the words of a grid's file.

These steps name the options of the commands that they were made for. A grid has keys in their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from yolopatch.errors import YolopatchError

_COMMAND = re.compile(r"(\byolopatch [^;]*)")  # is typed as it stands, with options of its own
_KEYS = tuple(
    (re.compile(option), key)
    for option, key in (
        (r"leave --seeds out", "write seed_patch = false into the grid"),
        (r"leave --compat out", "write compat = false into the grid"),
        (r'--placement "([^"]*)"', r'placement = ["\1"]'),
        (r"--placement (.+?)(?=: |$)", r'placement = ["\1"]'),
        (r"repeat the option: ((?:--module \S+ ?)+)", lambda found: f"module = {_listed(found[1])}"),
        (r"add --module (\S+)", r'add "\1" to module'),
        (r"--module (.+?)(?=: |$)", r'module = ["\1"]'),
        (r"leave out --flavor", "leave out flavor"),
        (r"with --repo and --flavor", "with model and flavor"),
        (r"leave out --scale", "leave this letter out of scales"),
        (r"--scale ([a-z]+)\b", r'scales = ["\1"]'),
        (r"smaller --scale", "smaller letter in scales"),
        (r": --scale$", ": scales"),
        (r"another --model", "another model"),
        (r"--device (cpu|mps)\b", r'device = "\1"'),
        (r"--device (\d+)(?![,\d])", r"device = \1"),
        (r"--device (.+?)(?=: |$)", r'device = "\1"'),
        (r"--set (batch)=(\d+) \((batch_size)=(\d+) for yolov5\)", r"\1 = \2 (\3 = \4 for yolov5) in [train]"),
        (r"--set (\w+)=(\w+)", r"\1 = \2 in [train]"),
        (r"--imgsz (\d+)", r"imgsz = \1"),
        (r"--(imgsz|batch|half)\b", r"\1"),
    )
)


def _listed(options: str) -> str:
    return "[" + ", ".join(f'"{name}"' for name in options.replace("--module", "").split()) + "]"


def grid_words(text: str) -> str:
    """Return a text with the keys of a grid in place of options that `ablate` does not have; commands stay."""
    pieces = _COMMAND.split(text)
    return "".join(piece if number % 2 else _replaced(piece) for number, piece in enumerate(pieces))


def _replaced(text: str) -> str:
    for option, key in _KEYS:
        text = option.sub(key, text)
    return text


@contextmanager
def in_grid_words() -> Iterator[None]:
    """Let an error that leaves the block speak of a grid's keys.

    Raises:
        YolopatchError: the same, in other words.
    """
    try:
        yield
    except YolopatchError as error:
        error.what, error.hint = grid_words(error.what), grid_words(error.hint)
        error.details = tuple(map(grid_words, error.details))
        error.args = (error.what,)
        raise
