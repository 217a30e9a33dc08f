"""HTML pages as one file: no network, no script, no other file needed."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from yolopatch.catalog.resources import templates_dir


def render_template(name: str, **shown: object) -> str:
    """Return the text of a page.

    Args:
        name: of a template in `templates/report/`.
        shown: what it shows; texts are escaped, and what a browser would obey or hide is written out.
    """
    return _environment().get_template(name).render(**shown)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(templates_dir() / "report"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _visible(value: object) -> object:
    """Escape unprintable characters: a model's text may have terminal codes or half a character."""
    if isinstance(value, Markup):
        return value
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in str(value))
