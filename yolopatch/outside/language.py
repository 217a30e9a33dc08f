"""The compiled translations of a language."""

from __future__ import annotations

import os
from functools import cache

from yolopatch.core.language.spoken import ENGLISH, Language

_LOCALE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "locale")


def compiled_file(language: str) -> str:
    """Return the path of the file of translations; no Path, whose import `--help` would feel."""
    return os.path.join(_LOCALE, f"{language}.json")


@cache
def load_translator(language: str) -> Language:
    """Return what translates into a language; English, in which the program is written, has no file."""
    if language == ENGLISH.language:
        return ENGLISH
    import json

    from yolopatch.core.language.messages import Messages
    from yolopatch.core.language.translator import Translator

    with open(compiled_file(language), encoding="utf-8") as stream:
        return Translator(language, Messages(**json.load(stream)))
