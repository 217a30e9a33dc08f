"""What this fork of upstream is. yolopatch added this file.

`stamp` goes into every checkpoint under the key "yolopatch", and `yolopatch restore` builds the fork again from it.
Nothing of yolopatch is needed for that, and no network.
"""

import os
import subprocess
import warnings
from functools import lru_cache
from pathlib import Path

FORK = {}

_FILE = Path(__file__).resolve()
_ROOT = _FILE.parents[__name__.count(".")]
_PATIENCE = 10  # seconds for git, of which a training waits once
# By what a changed, a moved and a conflicting file's line of `git status` begins with, the words before its name.
_WORDS = {"1 ": 8, "2 ": 9, "u ": 10}


def stamp(model):
    """Return what this fork is, as builtins only; an empty dict where nothing says so.

    Args:
        model: a model of upstream's; its `yaml` is what it was built from.
    """
    # Hours of training must not be lost with a checkpoint that cannot be written. What goes wrong here is a bug all
    # the same: it is said on the console, and kept in the stamp, where `yolopatch restore` reads it out.
    try:
        return {**_plain(FORK), **_plain(_checkout()), "yaml": _plain(getattr(model, "yaml", None))} if FORK else {}
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
        warnings.warn(f"the stamp in this checkpoint is not whole, which is a bug in yolopatch: {wrong}", stacklevel=2)
        return {**FORK, "error": wrong}


@lru_cache(maxsize=1)
def _checkout():
    """Return the commit that wrote this file, HEAD where that is another one, and the files that are not as in HEAD.

    An installed copy has no git of its own, and with git missing, slow or distrustful nothing is known, either.
    """
    unknown = {"commit": None, "head": None, "edited": []}
    if not (_ROOT / ".git").exists():
        return unknown
    try:
        # the first parents alone, as `yolopatch status` reads them
        commit = _git("log", "-1", "--first-parent", "--format=%H", "--", str(_FILE)).strip()
        told = _git("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=no").split("\0")
    except (OSError, subprocess.SubprocessError):
        return unknown
    head = next((line.split(" ")[2] for line in told if line.startswith("# branch.oid ")), None)
    return {
        "commit": commit or None,
        "head": head if head != commit else None,
        "edited": [line.split(" ", _WORDS[line[:2]])[-1] for line in told if line[:2] in _WORDS],
    }


def _git(*words):
    """Return what git says about the folder of this fork, whatever repository the caller has named."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-c", "core.fsmonitor=false", *words],
        cwd=str(_ROOT),
        env={**mine, "GIT_OPTIONAL_LOCKS": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=_PATIENCE,
    )
    return done.stdout.decode("utf-8", "replace")


def _plain(value):
    """Return a copy of builtins only, which any unpickler reads; what is none becomes its text."""
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or type(value) in (bool, int, float, str) else str(value)
