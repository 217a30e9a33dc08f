"""HTML pages as one file: no network and no other file needed, and only the page's own script runs."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import yolopatch
from yolopatch.catalog.resources import templates_dir
from yolopatch.core.language.spoken import spoken
from yolopatch.core.page.languages import PageLanguage, with_languages
from yolopatch.outside.language import load_translator


def render_template(name: str, language: PageLanguage | None = None, **shown: object) -> str:
    """Return the text of a page.

    Args:
        name: of a template in `templates/report/`.
        language: that the page starts in, with the words of the other for its switch; without one, that of this run.
        shown: what it shows; texts are escaped, and what a browser would obey or hide is written out.
    """
    html = _environment().get_template(name).render(**shown)
    chosen = language or PageLanguage(spoken().language, load_translator("zh").translate)
    return with_languages(html, chosen.translate, chosen.shown)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_dir() / "report"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (templates_dir() / "report" / "page.js").read_text(encoding="utf-8")
    environment.globals.update(script=Markup(script), script_hash=_hash(script), version=yolopatch.__version__)
    return environment


def _hash(script: str) -> str:
    """Return what the policy of a page names its script by: a browser runs no other."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _visible(value: object) -> object:
    """Escape unprintable characters: a model's text may have terminal codes or half a character."""
    if isinstance(value, Markup):
        return value
    text = str(value)
    if text.isprintable():  # nearly all are, and a table has tens of thousands
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)
