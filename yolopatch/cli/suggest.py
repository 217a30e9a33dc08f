"""What the shell offers for a value: the names that commands know, and YAML files.

Each function has click's form for `shell_complete`: context, parameter and what is typed so far in, words out. The
catalogs are imported when the shell asks, so that no other command waits for them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from itertools import islice

import click
from click.shell_completion import CompletionItem

Suggest = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

_MOST_ENTRIES = 5000  # of a folder: a folder of images may have a million
_YAML = (".yaml", ".yml")


def modules(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the modules, the user's own, too."""
    from yolopatch.catalog.modules import MODULES

    _load_own_catalog()
    return _starting(MODULES, typed)


def own_modules(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the modules of the user's own catalog."""
    from yolopatch.catalog.modules import MODULES

    _load_own_catalog()
    return _starting((module.name for module in MODULES.values() if module.home), typed)


def lists(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer what `list` shows: the lists, and each module."""
    from yolopatch.steps.model.listing import LISTS

    return [*_starting(LISTS, typed), *modules(context, parameter, typed)]


def repos(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the upstreams and the pins."""
    from yolopatch.catalog.pins import UPSTREAMS

    return [*_starting(UPSTREAMS, typed), *pins(context, parameter, typed)]


def pins(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the pins, the user's own, too."""
    from yolopatch.catalog.pins import PINS

    _load_own_catalog()
    return _starting(PINS, typed)


def targets(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer what an environment can be for: a pin, a tutorial, or else a folder."""
    found = [*pins(context, parameter, typed), *tutorials(context, parameter, typed)]
    return found or [CompletionItem(typed, type="dir")]


def tutorials(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the tutorials."""
    from yolopatch.catalog.built_in.tutorials import TUTORIALS

    return _starting((module.tutorial.id for module in TUTORIALS if module.tutorial), typed)


def models(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the families of base models."""
    from yolopatch.catalog.model.models import MODELS

    return _starting(MODELS, typed)


def scales(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the scales of the model that was named before, else the usual ones."""
    from yolopatch.catalog.model.models import MODELS, MULTIPLES

    named = MODELS.get(str(context.params.get("model") or ""))
    return _starting(named.scales if named else MULTIPLES, typed)


def several_scales(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the scales after the last comma, and `all`."""
    from yolopatch.catalog.model.models import ALL_SCALES

    before, comma, last = typed.rpartition(",")
    found = scales(context, parameter, last)
    return [*(CompletionItem(before + comma + one.value) for one in found), *_starting([ALL_SCALES], typed)]


def placements(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the named placements."""
    from yolopatch.core.model.placement import PLACEMENTS

    return _starting(PLACEMENTS, typed)


def tasks(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the tasks."""
    from yolopatch.catalog.model.base_model import TASKS

    return _starting(TASKS, typed)


def flavors(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the flavors."""
    from yolopatch.catalog.module import FLAVORS

    return _starting(FLAVORS, typed)


def sources(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the kinds of sources, or else a path."""
    from yolopatch.outside.source.store import SOURCES

    return _starting(SOURCES, typed) or [CompletionItem(typed, type="file")]


def kinds(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer what a module can stand for."""
    from yolopatch.catalog.kinds import LIKE

    return _starting(LIKE, typed)


def checks(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the checks of `verify`."""
    from yolopatch.wire.checks import CHECKS

    return _starting((check.id for check in CHECKS), typed)


def trackers(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the trackers."""
    from yolopatch.catalog.environment.trackers import TRACKERS

    return _starting(TRACKERS, typed)


def yaml_files(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the YAML files of the folder that is typed, and of the checkouts in it; without any, a path."""
    folder, name = os.path.split(typed)
    found = [one for one in _entries(folder) if one.endswith(_YAML) and one.startswith(name)]
    checkouts = [one for one in _entries(folder) if os.path.isdir(os.path.join(folder, one, ".git"))]
    below = [os.path.join(at, one) for at in checkouts for one in _entries(os.path.join(folder, at))]
    found += [one for one in below if one.endswith(_YAML) and one.startswith(name)]
    return [CompletionItem(os.path.join(folder, one)) for one in sorted(found)] or [CompletionItem(typed, type="file")]


def _entries(folder: str) -> list[str]:
    """Return the names in a folder; none where it is no folder, or cannot be read: then there is nothing to offer."""
    try:
        with os.scandir(folder or ".") as entries:
            return [entry.name for entry in islice(entries, _MOST_ENTRIES)]
    except OSError:
        return []


def _starting(names: Iterable[str], typed: str) -> list[CompletionItem]:
    wanted = typed.casefold()
    return [CompletionItem(name) for name in names if name.casefold().startswith(wanted)]


def _load_own_catalog() -> None:
    from yolopatch.outside.own.own_catalog import load_users_catalog

    load_users_catalog()  # its notes are for a command that runs: a line of the shell has no place for them
