"""The language of this run. It is chosen once, at the entry, like a locale; all other code only reads it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol


class Language(Protocol):
    """What turns finished English texts into those of a language; `Translator` does so by messages."""

    @property
    def language(self) -> str:
        """Its name, `en` or `zh`."""
        ...

    def translate(self, text: str) -> str:
        """Return a text in this language."""
        ...

    def sentence(self, text: str) -> str:
        """Return a text in this language, but a single word as it is."""
        ...

    def knows(self, text: str) -> bool:
        """Return whether a text as a whole was made from one message."""
        ...


class Finished(str):
    """A line that is shown as it is: it was translated before it was wrapped, or others wrote it.

    A piece of such a text can equal a message by chance: the rest of a title, "with Auxiliary Bounding Box".
    """


class English:
    """The language in which the program is written: a text stays as it is, and `--help` waits for no translator."""

    language = "en"

    def translate(self, text: str) -> str:
        """Return the text."""
        return text

    def sentence(self, text: str) -> str:
        """Return the text."""
        return text

    def knows(self, text: str) -> bool:
        """Return False: there are no messages."""
        return False


ENGLISH = English()
_SPOKEN: ContextVar[Language] = ContextVar("spoken", default=ENGLISH)


def speak(language: Language) -> None:
    """Choose the language of what this run shows from now on."""
    _SPOKEN.set(language)


def spoken() -> Language:
    """Return what translates the texts of this run."""
    return _SPOKEN.get()


def titled(title: str, text: str) -> str:
    """Return a text behind its title, which ends with a colon; a full-width one needs no space behind it."""
    head = spoken().translate(title)
    return f"{head}{' ' if head[-1:].isascii() else ''}{spoken().translate(text)}"
