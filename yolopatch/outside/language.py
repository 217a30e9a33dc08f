"""The compiled translations of a language."""

from __future__ import annotations

import os
from functools import cache

from yolopatch.core.language.spoken import ENGLISH, Language

_LOCALE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "locale")


def compiled_file(language: str, name: str) -> str:
    """Return the path of a file of `Messages`; no Path, whose import `--help` would feel."""
    return os.path.join(_LOCALE, f"{language}.{name}")


@cache
def load_translator(language: str) -> Language:
    """Return what translates into a language; English, in which the program is written, has no file."""
    if language == ENGLISH.language:
        return ENGLISH
    from yolopatch.core.language.messages import Messages
    from yolopatch.core.language.translator import Translator

    return Translator(language, Messages(lambda name: _read(compiled_file(language, name))))


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as stream:
        return stream.read()
