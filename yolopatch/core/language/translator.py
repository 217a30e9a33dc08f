"""Translate into one language. It imports little: `--help` asks for texts that are messages as they stand."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from yolopatch.core.language.messages import Messages

if TYPE_CHECKING:
    from yolopatch.core.language.reading import Reading


class Translator:
    """Translates into one language.

    A text that is a message is looked up. What else it may be made from takes longer to find, see `Reading`.

    Args:
        language: `en` or `zh`.
        messages: the translation of each message.
    """

    def __init__(self, language: str, messages: Messages) -> None:
        self.language = language
        self.messages = messages

    def translate(self, text: str) -> str:
        """Return a text in this language, or as it is where no message fits."""
        inner = text.strip()
        found = self.messages.translation(inner) if inner else ""
        if found is None:
            return self._reading.translate(text)
        start = text.index(inner)
        return f"{text[:start]}{found}{text[start + len(inner) :]}"

    def sentence(self, text: str) -> str:
        """Return a text in this language, but a single word as it is: it may be somebody's name."""
        return self._reading.sentence(text)

    def knows(self, text: str) -> bool:
        """Return whether a text as a whole was made from one message."""
        return self.messages.translation(text) is not None or self._reading.knows(text)

    @cached_property
    def _reading(self) -> Reading:
        from yolopatch.core.language.reading import Reading  # imported late, as said above

        return Reading(self.messages)
