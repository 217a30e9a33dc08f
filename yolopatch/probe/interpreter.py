"""Say what this interpreter has, without importing any of it. A script of its own that any Python 3.8 can run."""

import json
import os
import platform
import re
import sys
from importlib import metadata, util

# what upstream imports, and the names under which an installed copy of an upstream would be imported
_IMPORTS = ("torch", "torchvision", "cv2", "matplotlib", "ultralytics", "yolov5")
_ASKED_FOR_REQUIREMENTS = ("torchvision",)


def main():
    """Print one line of JSON."""
    del sys.path[0]  # this folder, which no upstream sees
    packages, requirements, editable = {}, {}, {}
    for found in metadata.distributions():
        name = _normalised(found.metadata["Name"] or "")
        if not name or name in packages:  # half-removed, or shadowed by one that comes before it
            continue
        packages[name] = found.version
        if name in _ASKED_FOR_REQUIREMENTS:
            requirements[name] = list(found.requires or [])
        source = _editable_source(found)
        if source:
            editable[name] = source
    told = {
        "python": platform.python_version(),
        "prefix": sys.prefix,
        "virtual": sys.prefix != sys.base_prefix,
        "can_make": all(util.find_spec(name) for name in ("venv", "ensurepip")),
        "packages": packages,
        "requirements": requirements,
        "editable": editable,
        "origins": {name: _origin(name) for name in _IMPORTS},
    }
    told["cuda"] = _cuda(told["origins"]["torch"])
    print(json.dumps(told))


def _normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _editable_source(found):
    """Return the folder that an editable install takes its code from, "" for an ordinary one."""
    text = found.read_text("direct_url.json")
    said = json.loads(text) if text else {}
    return said.get("url", "") if said.get("dir_info", {}).get("editable") else ""


def _origin(name):
    """Return the file that importing this name would read, "" where there is none."""
    try:
        spec = util.find_spec(name)
    except (ImportError, ValueError):
        return ""
    if spec is None:
        return ""
    return spec.origin or next(iter(spec.submodule_search_locations or [""]), "")


def _cuda(torch):
    """Return the CUDA version that torch was built for, "" for none; from its text, for importing it takes seconds."""
    file = os.path.join(os.path.dirname(torch), "version.py")
    if not torch or not os.path.isfile(file):
        return ""
    with open(file, encoding="utf-8") as stream:
        said = re.search(r"^cuda\b[^=]*= *['\"]([\d.]+)", stream.read(), re.MULTILINE)
    return said.group(1) if said else ""


main()
