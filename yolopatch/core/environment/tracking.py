"""The environment variables with which each tracker shows a run under its name and group, with its tags."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from yolopatch.core.plain_json import load_json
from yolopatch.errors import UsageError
from yolopatch.wire.training import Tracked

_LONGEST_TAG = 64  # characters; W&B refuses longer ones
_NOT_IN_A_PROJECT = re.compile(r"[/\\#?%:]")  # of W&B
_SCHEME = re.compile(r"[A-Za-z][\w+-]+:|(databricks|databricks-uc|uc)$")
MLFLOW_STORE = "MLFLOW_TRACKING_URI"
_SQLITE = "sqlite:///"  # a relative path follows; a fourth slash starts an absolute one


@dataclass(frozen=True)
class Places:
    """Where trackers that write files write them.

    Attributes:
        run: the folder of the run.
        store: the folder that all runs share.
        here: the folder that relative paths of the user's variables are in.
    """

    run: PurePath
    store: PurePath
    here: PurePath


def tracking_variables(tracked: Tracked, users: Mapping[str, str], places: Places) -> dict[str, str]:
    """Return the variables for the child process that trains the run.

    The name and the tags are the run's. What is the same for all runs, as the project or the server, is the user's
    where the user has set it.

    Args:
        tracked: the run.
        users: the environment variables of the user.
        places: for files.

    Raises:
        UsageError: a variable of the user's cannot be read.
    """
    makers = {"wandb": _of_wandb, "mlflow": _of_mlflow, "clearml": _of_clearml, "comet": _of_comet}
    maker = makers.get(tracked.tracker)
    return maker(tracked, users, places) if maker else {}


def _of_wandb(tracked: Tracked, users: Mapping[str, str], places: Places) -> dict[str, str]:
    own = [tag for tag in users.get("WANDB_TAGS", "").split(",") if tag]
    tags = [word.replace(",", " ")[:_LONGEST_TAG] for word in tracked.words]
    return {
        "WANDB_MODE": users.get("WANDB_MODE") or "online",
        "WANDB_PROJECT": users.get("WANDB_PROJECT") or _NOT_IN_A_PROJECT.sub("-", tracked.group),
        "WANDB_RUN_GROUP": users.get("WANDB_RUN_GROUP") or tracked.group,
        "WANDB_DIR": str(places.here / (users.get("WANDB_DIR") or places.run)),
        "WANDB_NAME": tracked.name,
        "WANDB_TAGS": ",".join(dict.fromkeys([*own, *tags])),
    }


def _of_mlflow(tracked: Tracked, users: Mapping[str, str], places: Places) -> dict[str, str]:
    uri = users.get(MLFLOW_STORE)
    # newer versions of MLflow read and write files only if they are told so
    to_files = {MLFLOW_STORE: places.store.as_uri(), "MLFLOW_ALLOW_FILE_STORE": "true"}
    return {
        **({MLFLOW_STORE: store_from(uri, places.here)} if uri else to_files),
        "MLFLOW_EXPERIMENT_NAME": users.get("MLFLOW_EXPERIMENT_NAME") or tracked.group,
        "MLFLOW_RUN": tracked.name,
        "MLFLOW_RUN_CONTEXT": json.dumps({**_users_tags(users), **tracked.tags}),
    }


def _of_clearml(tracked: Tracked, users: Mapping[str, str], places: Places) -> dict[str, str]:
    return {"CLEARML_OFFLINE_MODE": users.get("CLEARML_OFFLINE_MODE") or "0"}


def _of_comet(tracked: Tracked, users: Mapping[str, str], places: Places) -> dict[str, str]:
    # until 8.3 upstream reads the first variable, since 8.4 the package reads the second
    offline = users.get("COMET_MODE") == "offline" or users.get("COMET_START_ONLINE", "1").lower() in ("0", "false")
    return {
        "COMET_MODE": "offline" if offline else "online",
        "COMET_START_ONLINE": "0" if offline else "1",
        "COMET_PROJECT_NAME": users.get("COMET_PROJECT_NAME") or tracked.group,
        "COMET_OFFLINE_DIRECTORY": str(places.here / (users.get("COMET_OFFLINE_DIRECTORY") or places.run)),
    }


def store_from(uri: str, here: PurePath) -> str:
    """Return where the user's runs of MLflow are stored: the child process starts in another folder than the user."""
    if uri.startswith(_SQLITE):
        return _SQLITE + str(here / uri.removeprefix(_SQLITE)) if uri != _SQLITE else uri
    return uri if _SCHEME.match(uri) else (here / uri).as_uri()


def is_of_files(uri: str) -> bool:
    """Return whether runs of MLflow are stored in files of a machine, not by a server."""
    return uri.startswith(("file:", "sqlite:")) or not _SCHEME.match(uri)


def _users_tags(users: Mapping[str, str]) -> Mapping[str, object]:
    text = users.get("MLFLOW_RUN_CONTEXT")
    if not text:
        return {}
    try:
        found = load_json(text)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    raise UsageError(
        f"MLFLOW_RUN_CONTEXT={text}: no tags",
        details=['expected: a JSON object, e.g. {"paper": "draft"}'],
        hint="unset MLFLOW_RUN_CONTEXT, or correct it",
    )
