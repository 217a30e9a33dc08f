"""Every row of the table: its name, what does it, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lab import Lab
from rows.archives import archives
from rows.catalogs import catalogs
from rows.checkpoints import checkpoints
from rows.crowds import crowds, two_caches
from rows.datasets import datasets
from rows.environments import environments
from rows.failures import failures
from rows.forks import forks
from rows.grids import grids
from rows.kills import kills, kills_of_models
from rows.mirrors import mirrors
from rows.parsers import parsers
from rows.pasted import pasted
from rows.platforms import platforms
from rows.sequences import sequences
from rows.yamls import yamls
from tally import Tally


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        run: tries its cases and counts them.
        what: what is tried, for the table.
        seconds: how long it may take in the whole run, on two cores.
        sample: how many cases of each kind `make test` tries.
    """

    run: Callable[[Lab, Tally], None]
    what: str
    seconds: float
    sample: int


ROWS = {
    "kills": Row(kills, "kill -9 before each step and while each program works, of every command that writes", 190, 2),
    "kills-models": Row(kills_of_models, "the same of the commands that build models, eight in a row", 160, 1),
    "failures": Row(failures, "a step that fails, a full disk, files that may not grow", 115, 2),
    "grids": Row(grids, "`ablate` and `compare --out` killed, failing, four in a row, and four at once", 110, 1),
    "environments": Row(environments, "`env create` killed or failing while pip installs, three in a row", 45, 1),
    "crowds": Row(crowds, "sixteen processes at once, on one workspace and on many", 60, 1),
    "two-caches": Row(two_caches, "two caches and one workspace", 30, 1),
    "mirrors": Row(mirrors, "package indexes that fail, lie or never end", 65, 1),
    "archives": Row(archives, "hostile wheels", 35, 4),
    "forks": Row(forks, "hostile forks for `adopt`", 45, 4),
    "checkpoints": Row(checkpoints, "hostile checkpoints for `restore`", 60, 3),
    "catalogs": Row(catalogs, "hostile catalogs", 35, 4),
    "pasted": Row(pasted, "hostile files for `add`", 40, 4),
    "yamls": Row(yamls, "hostile model YAMLs for `--cfg`", 55, 1),
    "datasets": Row(datasets, "hostile data YAMLs, lists, labels and images", 30, 4),
    "platforms": Row(platforms, "odd homes: paths, settings, locales, no git, no locks", 45, 3),
    "sequences": Row(sequences, "what users do with a workspace, one thing after another", 65, 1),
    "parsers": Row(parsers, "changed forms of real inputs for every parser of what strangers write", 50, 100),
}
