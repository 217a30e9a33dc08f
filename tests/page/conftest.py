"""A browser in which pages are looked at as files, under their own policy."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ..browser import Browser, browser

_LOOK = """(async () => {{
  const view = window, page = document, all = (chosen) => [...page.querySelectorAll(chosen)];
  {script}
}})()"""


@pytest.fixture(scope="session")
def window(tmp_path_factory) -> Iterator[Browser]:
    """A browser for all pages: its start takes longer than a look."""
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def look(window, tmp_path) -> Callable[..., Any]:
    """Return what a script finds in a page.

    The script is the body of a function, with the page's window as `view`, its document as `page`, and all of its
    elements of a selector as `all(selector)`. What a page keeps is forgotten after each look.
    """
    numbers = itertools.count()

    def call(page: str, script: str, *, width: int = 1200, runs: bool = True) -> Any:
        file = tmp_path / f"{next(numbers)}.html"
        file.write_text(page, encoding="utf-8")
        window.resize(width)
        window.let_scripts_run(runs)
        window.open(file.as_uri())
        try:
            return window.run(_LOOK.format(script=script))
        finally:
            window.run("localStorage.clear()")

    return call
