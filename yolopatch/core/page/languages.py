"""A finished page in two languages: it shows one, and carries the words of the other for its switch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from yolopatch.core.page.texts import Text, find_texts

_LANGUAGE = '<html lang="en">'  # as every template has it
_LANGUAGES = {"en": "en", "zh": "zh-Hans"}
_END = "</body>"


@dataclass(frozen=True)
class PageLanguage:
    """The language of a page: `en` or `zh`, and what gives the Chinese of an English text, or the same text."""

    shown: str
    translate: Callable[[str], str]


def with_languages(html: str, translate: Callable[[str], str], shown: str) -> str:
    """Return a page that can be read in English and in Chinese.

    Texts are what people read or hear: the text between tags, and the attributes of `texts.ATTRIBUTES`. Code, and what
    is marked with `translate="no"`, stays as it is.

    Args:
        html: an English page, made from `page.html.j2`.
        translate: gives the Chinese of an English text; the same text where there is nothing to translate.
        shown: the language that the page starts in, `en` or `zh`.

    Raises:
        KeyError: there is no such language.
    """
    texts = find_texts(html)
    chinese = {english: translate(english) for english in dict.fromkeys(text.english for text in texts)}
    if shown == "zh":
        html = _replace(html, [text for text in texts if chinese[text.english] != text.english], chinese)
    html = html.replace(_LANGUAGE, f'<html lang="{_LANGUAGES[shown]}">', 1)
    differing = {english: other for english, other in chinese.items() if english != other}
    if not differing:
        return html
    data: dict[str, object] = {"chinese": differing}
    if shown == "zh":
        data["english"] = dict(_ambiguous(texts, chinese))
    head, _, tail = html.rpartition(_END)
    return f'{head}<script type="application/json" id="texts">{_json(data)}</script>\n{_END}{tail}'


def _replace(html: str, texts: Sequence[Text], chinese: Mapping[str, str]) -> str:
    pieces, end = [], 0
    for text in texts:
        pieces += [html[end : text.start], text.write(chinese[text.english])]
        end = text.end
    return "".join([*pieces, html[end:]])


def _ambiguous(texts: Sequence[Text], chinese: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Yield what means several English texts in a Chinese page, with these in the order in which they stand there."""
    meanings: dict[str, set[str]] = {}
    for english, other in chinese.items():
        meanings.setdefault(other, set()).add(english)
    for other, several in meanings.items():
        if len(several) > 1:
            yield other, [text.english for text in texts if chinese[text.english] == other]


def _json(data: Mapping[str, object]) -> str:
    """Return JSON that cannot end the element it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
