"""The language of this run. It is chosen once, at the entry, like a locale; all other code only reads it."""

from __future__ import annotations

from contextvars import ContextVar

from yolopatch.core.language.translator import Translator

ENGLISH = Translator("en", {})
_SPOKEN: ContextVar[Translator] = ContextVar("spoken", default=ENGLISH)


def speak(translator: Translator) -> None:
    """Choose the language of what this run shows from now on."""
    _SPOKEN.set(translator)


def spoken() -> Translator:
    """Return what translates the texts of this run."""
    return _SPOKEN.get()


def titled(title: str, text: str) -> str:
    """Return a text behind its title, which ends with a colon; a full-width one needs no space behind it."""
    head = spoken().translate(title)
    return f"{head}{' ' if head.isascii() else ''}{spoken().translate(text)}"
