"""A tracker on the nodes of a cluster: what of the user's environment goes there, and why a node cannot show a run."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from yolopatch.catalog.environment.trackers import MLFLOW, TRACKERS, Tracker
from yolopatch.catalog.names import fold
from yolopatch.core.environment.secrets import hide_secret
from yolopatch.core.environment.tracking import MLFLOW_STORE, is_of_files, store_from
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.steps.cluster.recipe import UsersTracker
from yolopatch.steps.training.tracking import require_package

_PATIENCE = 5  # seconds for a port to answer
_THIS_MACHINE = ("localhost", "::1", "0.0.0.0")  # and 127.*: on a node another machine than on the user's


def users_tracker(tracker: Tracker | None) -> UsersTracker | None:
    """Return a tracker as the user has set it up here, for the nodes; None without one.

    It goes in what a run is made of. Ray would show everybody the variables of a runtime environment.
    """
    if tracker is None:
        return None
    found = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(tracker.prefixes) and value and name not in tracker.places
    }
    if MLFLOW_STORE in found:
        found[MLFLOW_STORE] = store_from(found[MLFLOW_STORE], Path.cwd())
    return UsersTracker(tracker.name, found)


def require_for_nodes(name: str | None, address: str | None) -> None:
    """Check that what a tracker writes into is not on this machine alone.

    Args:
        name: of the tracker; None for none.
        address: of the cluster; None for this machine.

    Raises:
        YolopatchError: the user has named files for it.
    """
    users = os.environ.get(MLFLOW_STORE, "")
    if name and fold(name) == MLFLOW.name and address is not None and users and is_of_files(users):
        raise YolopatchError(
            f"--tracker {MLFLOW.name}: {MLFLOW_STORE} names files of this machine, which no node writes into; "
            "nothing was trained",
            details=[f"found: {hide_secret(MLFLOW_STORE, users)}"],
            hint=f"unset {MLFLOW_STORE}: the runs come back into the folder of the grid; or name a server",
        )


def take_variables(users: UsersTracker, folder: Path) -> None:
    """Let the tracker be set up in this process as it is at the user's, and write into a folder of this node.

    Where the user's environment has no login, that of the node stays.
    """
    tracker = TRACKERS[users.name]
    has_login = any(name in users.variables for name in tracker.login)
    kept = () if has_login else tracker.login
    for name in [name for name in os.environ if name.startswith(tracker.prefixes) and name not in kept]:
        del os.environ[name]
    os.environ.update(users.variables)
    os.environ.update({name: str(folder / place) for name, place in tracker.places.items()})


def require_shows(users: UsersTracker, interpreter: Interpreter) -> None:
    """Check that runs on this node can be shown.

    Raises:
        YolopatchError: the interpreter lacks the package, or a variable of the user's names what is not here.
    """
    require_package(TRACKERS[users.name], interpreter)
    for name, value in users.variables.items():
        if os.path.isabs(value) and not os.path.exists(value):
            raise YolopatchError(
                f"there is no {value}, which {name} names", hint=f"put it there, at the same path, or unset {name}"
            )
        if _is_this_machine(value) and not _answers(value):
            raise YolopatchError(
                f"nothing answers at {hide_secret(name, value)}, which {name} names: on a node, it is the node itself",
                hint=f"name the server in {name} as all machines know it",
            )


def login_note(users: UsersTracker | None) -> tuple[str, ...]:
    """Return what to tell the user of a login that lies in files here, where no node reads it."""
    if users is None or not (tracker := TRACKERS[users.name]).needs_login(users.variables):
        return ()
    return (
        f"{tracker.title} takes the login of each node, because your environment variables have none: "
        f"log in on every node, or set {tracker.login[0]} here",
    )


def _is_this_machine(value: str) -> bool:
    host = _host(value)
    return host in _THIS_MACHINE or host.startswith("127.")


def _host(value: str) -> str:
    try:
        return (urlsplit(value).hostname or "") if value.startswith(("http://", "https://")) else ""
    except ValueError:
        return ""


def _answers(value: str) -> bool:
    parts = urlsplit(value)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), _PATIENCE).close()
    except (OSError, ValueError):
        return False
    return True
