"""The options of yolov5's train.py, whose `run` takes any argument and ignores what it does not know."""

from __future__ import annotations

import re

_OPTION = re.compile(r"""add_argument\(\s*["']--([\w-]+)["']""")


def train_options(text: str) -> frozenset[str]:
    """Return the names by which `train.run(**arguments)` knows its arguments.

    Args:
        text: of train.py; of several spellings of an option, argparse takes the first long one.
    """
    return frozenset(name.replace("-", "_") for name in _OPTION.findall(text))
