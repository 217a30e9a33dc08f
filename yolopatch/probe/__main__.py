"""The probe: runs in a workspace's own interpreter, builds models, and reports facts as JSON.

It needs torch and upstream's own requirements, nothing of yolopatch. Called as
`python PROBE_FOLDER REQUEST.json ANSWER.json`; everything that upstream prints goes to its log.
"""

import json
import sys
from pathlib import Path

from facts import report
from upstreams import open_upstream


def main(request_file, answer_file):
    """Answer one request: `workspace`, `style`, `imgsz`, and `models`, each with `cfg`, `scale`, `ask`."""
    request = json.loads(Path(request_file).read_text())
    sys.path.insert(0, request["workspace"])
    upstream = open_upstream(request["style"])
    answer = {
        "upstream_file": upstream.file,
        "models": [report(upstream, model, request["imgsz"]) for model in request["models"]],
    }
    Path(answer_file).write_text(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
