"""What mkdocs calls while it builds the site: sources are staged, the navigation completed, the search index split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import navigation
import reference
import search_index
import staging
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.pages import Page

_DEFAULT, *_OTHERS = reference.LANGUAGES


def on_config(config: MkDocsConfig) -> None:
    """Stage what the site is built from, and put the pages that a pattern of the navigation means in its place."""
    root = Path(config.config_file_path).resolve().parent
    docs = Path(config.docs_dir)
    if _language(config) in (None, _DEFAULT):  # the build of another language uses what is staged already
        staging.stage(root, docs)
    config.nav = navigation.expand(config.nav, docs)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Let a page of another language find the index of its language."""
    language = _language(config)
    return output if language == _DEFAULT else search_index.use_own(output)


@event_priority(-200)  # after all plugins, of which one joins the indexes of the languages
def on_post_build(config: MkDocsConfig) -> None:
    """Give each language the part of the search index that is about its pages."""
    for language in _OTHERS:
        search_index.split(Path(config.site_dir), language)


def _language(config: MkDocsConfig) -> Any:
    return config.plugins["i18n"].current_language
