"""Which class of ultralytics a user has to load a model YAML with, where it is not YOLO()."""

from __future__ import annotations

import importlib
import sys
from contextlib import redirect_stdout
from typing import Any

from .subject import Subject

_USUAL = "YOLO"


def needed_entry_point(subject: Subject) -> str:
    """Return the class that builds the model of the file, such as RTDETR; "" where YOLO() does.

    Some releases let YOLO() choose another class by the name of the file, or by that of the head: so it is tried.
    """
    if subject.upstream.style != "ultralytics":
        return ""
    wanted = subject.upstream.model_class(subject.data)
    package = importlib.import_module("ultralytics")
    owners = [name for name in getattr(package, "__all__", ()) if wanted in _models_of(getattr(package, name, None))]
    if not owners or _USUAL in owners:
        return ""
    try:
        with redirect_stdout(sys.stderr):
            made = getattr(package, _USUAL)(str(subject.cfg))
    except Exception:  # any exception of upstream's code: what the user would get, too
        return str(owners[0])
    return "" if type(made.model) is wanted else str(owners[0])


def _models_of(entry: Any) -> list[object]:
    """Return the classes of models that a class of the package builds."""
    tasks = getattr(entry, "task_map", None)
    if not isinstance(tasks, property) or tasks.fget is None:
        return []
    try:
        return [one.get("model") for one in tasks.fget(None).values()]
    except AttributeError:  # the map of SAM depends on the object; it has no model YAML
        return []
