"""Choose the language: by `--lang`, else by the locale. It imports little: `--help` goes through it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise

ENGLISH, CHINESE = "en", "zh"
LANGUAGES = (ENGLISH, CHINESE)
OPTION = "--lang"
# As gettext and POSIX have it: the first that is set counts. Ours comes first, for consoles whose locale is another.
_VARIABLES = ("YOLOPATCH_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
_CHINESE_OF_WINDOWS = 0x04  # the primary language of a Windows language id


def language_of(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> str:
    """Return the language of a run; a value of `--lang` that is none is left to the command's own check."""
    asked = _asked(arguments)
    if asked in LANGUAGES:
        return asked
    return _of_locale(environ)


def _asked(arguments: Sequence[str]) -> str:
    """Return the last value of `--lang` before `--`, behind which another program's arguments stand."""
    ours = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    values = [argument.partition("=")[2] for argument in ours if argument.startswith(f"{OPTION}=")]
    values += [value for name, value in pairwise(ours) if name == OPTION]
    return values[-1] if values else ""


def _of_locale(environ: Mapping[str, str]) -> str:
    for variable in _VARIABLES:
        if environ.get(variable):
            return CHINESE if environ[variable].lower().startswith("zh") else ENGLISH
    return _of_windows() if sys.platform == "win32" else ENGLISH


def _of_windows() -> str:
    """Return the language of the desktop: Windows sets none of the variables."""
    import ctypes

    identifier: int = ctypes.windll.kernel32.GetUserDefaultUILanguage()  # type: ignore[attr-defined,unused-ignore]
    return CHINESE if identifier & 0xFF == _CHINESE_OF_WINDOWS else ENGLISH
