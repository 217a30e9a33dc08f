"""Describe this interpreter without importing any of its packages. Runs from Python 3.8 on."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from importlib import metadata, util
from typing import Any

from ...wire.python.interpreters import InterpreterAnswer, InterpreterRequest
from ..protocol.emit import Emit

_ASKED_FOR_REQUIREMENTS = ("torchvision",)


def describe(request: InterpreterRequest, emit: Emit) -> None:
    """Answer with the installed packages, and with the files that an import would read."""
    packages: dict[str, str] = {}
    requirements: dict[str, tuple[str, ...]] = {}
    editable: dict[str, str] = {}
    for found in metadata.distributions():
        name = _normalised(found.metadata["Name"] or "")
        if not name or name in packages:  # half-removed, or hidden by one that comes before it
            continue
        packages[name] = found.version
        if name in _ASKED_FOR_REQUIREMENTS:
            requirements[name] = tuple(found.requires or ())
        source = _editable_source(found)
        if source:
            editable[name] = source
    origins = {name: origin_of(name) for name in request.modules}
    emit(
        InterpreterAnswer(
            python=platform.python_version(),
            prefix=sys.prefix,
            virtual=sys.prefix != sys.base_prefix,
            can_make=all(util.find_spec(name) for name in ("venv", "ensurepip")),
            packages=packages,
            requirements=requirements,
            editable=editable,
            origins=origins,
            cuda=_cuda(origin_of("torch")),
        )
    )


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _editable_source(found: metadata.Distribution) -> str:
    """Return the folder of an editable install as a URL, "" for an ordinary one."""
    text = found.read_text("direct_url.json")
    source: Any = json.loads(text) if text else {}
    return str(source.get("url", "")) if source.get("dir_info", {}).get("editable") else ""


def origin_of(name: str) -> str:
    """Return the file that an import of this name would read, "" for none."""
    try:
        spec = util.find_spec(name)
    except (ImportError, ValueError):
        return ""
    if spec is None:
        return ""
    return spec.origin or next(iter(spec.submodule_search_locations or [""]), "")


def _cuda(torch: str) -> str:
    """Return the CUDA version of the torch build, "" for none; from its file, because its import takes seconds."""
    file = os.path.join(os.path.dirname(torch), "version.py")
    if not torch or not os.path.isfile(file):
        return ""
    with open(file, encoding="utf-8") as stream:
        found = re.search(r"^cuda\b[^=]*= *['\"]([\d.]+)", stream.read(), re.MULTILINE)
    return found.group(1) if found else ""
