"""The compiled translations of a language."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from yolopatch.core.language.translator import Translator

_LOCALE = Path(__file__).parents[1] / "locale"


def compiled_file(language: str) -> Path:
    """Return the file that has the translations of a language."""
    return _LOCALE / f"{language}.json"


@cache
def load_translator(language: str) -> Translator:
    """Return what translates into a language; English, in which the program is written, has no file."""
    if language == "en":
        return Translator("en", {})
    return Translator(language, json.loads(compiled_file(language).read_text(encoding="utf-8")))
