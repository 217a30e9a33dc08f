"""The probe: runs in a workspace's own interpreter, builds models, and reports facts as JSON.

It needs torch and upstream's own requirements, nothing of yolopatch. Called as
`python PROBE_FOLDER REQUEST.json ANSWER`; everything that upstream prints goes to its log.
"""

import json
import sys
from pathlib import Path

from data_parts import resolve
from facts import report
from lifeline import hold
from loading import load
from packing import pack
from reference import make_reference
from refusal import refusing
from trained import examine
from training import train
from transplant import transplant
from unpacking import unpack
from upstreams import open_upstream
from verification import verify


def main(request_file, answer_file):
    """Answer one request; its `task` says which."""
    request = json.loads(Path(request_file).read_text())
    if "lifeline" in request:
        hold(request["lifeline"])
    request["default_upstream"] = _found_without_us(request)
    sys.path.insert(0, request["workspace"])
    _TASKS[request["task"]](open_upstream(request["style"]), request, Path(answer_file))


def _found_without_us(request):
    """Return where this interpreter finds an upstream before the workspace is put on its path."""
    from importlib.util import find_spec

    spec = find_spec({"ultralytics": "ultralytics", "yolov5-package": "yolov5"}.get(request["style"], "models"))
    return spec.origin if spec else None


def _facts(upstream, request, answer):
    """Answer `models`, each with `cfg`, `scale`, `ask`: one JSON object."""
    models = [report(upstream, model, request["imgsz"]) for model in request["models"]]
    answer.write_text(json.dumps({"upstream_file": upstream.file, "models": models}))


def _loaded(upstream, request, answer):
    """Load a checkpoint by upstream's own code: one JSON object."""
    answer.write_text(json.dumps({"upstream_file": upstream.file, **load(upstream, request)}))


def _told(task):
    """Make a task of what tells one JSON object a line, as they come."""

    def answer_lines(upstream, request, answer):
        with answer.open("a", encoding="utf-8") as stream:

            def emit(event):
                stream.write(json.dumps(event) + "\n")
                stream.flush()

            task(upstream, request, emit)

    return answer_lines


def _reference(upstream, request, answer):
    """Write the base model of an unchanged upstream, for `base-parity`."""
    make_reference(upstream, request, answer)


_TASKS = {
    "facts": _facts,
    "reference": _reference,
    "load": _loaded,
    "verify": _told(verify),
    "dataset": _told(resolve),
    "train": _told(train),
    "trained": _told(examine),
    "transplant": _told(refusing(transplant)),
    "pack": _told(refusing(pack)),
    "unpack": _told(refusing(unpack)),
}


if __name__ == "__main__":
    main(*sys.argv[1:])
