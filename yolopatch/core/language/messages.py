"""The messages of a language and their translations, sorted once so that a run looks at few of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from yolopatch.core.language.patterns import fields_of, key_of, text_of


@dataclass(frozen=True)
class Messages:
    """What is translated.

    Attributes:
        texts: the translation of each text that no value is put into.
        patterns: those of the messages with placeholders, under the key of each, see `patterns.key_of`.
    """

    texts: Mapping[str, str]
    patterns: Mapping[str, Mapping[str, str]]


def sort_messages(translations: Mapping[str, str]) -> Messages:
    """Return messages with `{placeholders}` and their translations as a translator wants them."""
    texts: dict[str, str] = {}
    patterns: dict[str, dict[str, str]] = {}
    for message, translation in translations.items():
        if fields_of(message):
            patterns.setdefault(key_of(message), {})[message] = translation
        else:
            texts[text_of(message)] = text_of(translation)
    return Messages(texts, patterns)
