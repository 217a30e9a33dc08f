"""The compiled translations of a language."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from yolopatch.core.language.spoken import ENGLISH, Language

if TYPE_CHECKING:
    from pathlib import Path

_LOCALE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "locale")


def compiled_file(language: str) -> Path:
    """Return the file that has the translations of a language."""
    from pathlib import Path  # imported late, as the others: English needs no file, and `--help` goes through here

    return Path(_LOCALE, f"{language}.json")


@cache
def load_translator(language: str) -> Language:
    """Return what translates into a language; English, in which the program is written, has no file."""
    if language == ENGLISH.language:
        return ENGLISH
    import json

    from yolopatch.core.language.messages import Messages
    from yolopatch.core.language.translator import Translator

    return Translator(language, Messages(**json.loads(compiled_file(language).read_text(encoding="utf-8"))))
