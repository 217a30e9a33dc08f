"""The user's own folders: chosen by a variable, else where the platform has them below the home folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from yolopatch.errors import YolopatchError
from yolopatch.wire import shell


class NoHomeError(YolopatchError):
    """The user has no home folder, as with `docker run --user`: neither HOME nor an entry in the list of users."""


def user_folder(variable: str, kind: Literal["cache", "config"]) -> Path:
    """Return the folder that the environment variable names, else the platform's folder of this kind.

    Raises:
        NoHomeError: the variable is not set, and the user has no home folder.
    """
    chosen = os.environ.get(variable)
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()
    import platformdirs  # not at the top: not needed if the variable is set

    find = platformdirs.user_cache_dir if kind == "cache" else platformdirs.user_config_dir
    try:
        found = Path(find("yolopatch", appauthor=False))
    except RuntimeError as error:  # from platformdirs 4.5 on; older ones leave the ~
        raise _no_home(variable, kind) from error
    if not found.is_absolute():
        raise _no_home(variable, kind)
    return found


def _no_home(variable: str, kind: str) -> NoHomeError:
    return NoHomeError(
        f"no place for the {kind} folder: this user has no home folder",
        details=[f"found: neither {variable} nor HOME is set, and user {os.getuid()} is not in the list of users"]
        if hasattr(os, "getuid")
        else [],
        hint=f"choose a folder that you can write to: {shell.set_variable(variable, 'DIR')}",
    )
