"""Model YAMLs from strangers: `summary --cfg` refuses them in words, before and in upstream's own code."""

from __future__ import annotations

import tempfile
from pathlib import Path

from commands import must
from hostile import Hostile, changed_forms, try_all
from lab import PIN, WITH_TORCH, Lab
from rows.datasets import YAMLS
from tally import Tally

_MODEL = (
    b"nc: 3\nscales:\n  n: [0.5, 0.25, 1024]\nbackbone:\n"
    b"  - [-1, 1, Conv, [64, 3, 2]]\n  - [-1, 1, Conv, [128, 3, 2]]\n"
    b"  - [-1, 1, C3k2, [128, False]]\n  - [-1, 1, Conv, [128, 3, 2]]\n  - [-1, 1, Conv, [128, 3, 2]]\n"
    b"head:\n  - [[2, 3, 4], 1, Detect, [nc]]\n"
)
_CHANGES = (
    *((b"nc: 3", value) for value in (b"nc: 99999999999", b"nc: -1", b"nc: x", b"nc: .nan", b"nc: [3]", b"")),
    *(
        (b"[64, 3, 2]", value)
        for value in (b"[]", b"64", b"[99999999999, 3, 2]", b"[x, y]", b"[64, 0, 0]", b"[64, 3, -1]")
    ),
    *(
        (b"- [-1, 1, Conv, [64, 3, 2]]", value)
        for value in (b"- [7, 1, Conv, [64]]", b"- [-1, 99999999, Conv, [64]]", b"- Conv", b"- []")
    ),
    *((b"C3k2", value) for value in (b"NoSuch", b"''", b"os.system", b"nn.Identity", b"[C3k2]", b"__import__")),
    *((b"[[2, 3, 4], 1", value) for value in (b"[[2, 3, 99], 1", b"[[], 1", b"[x, 1", b"[2, 0")),
    (b"scales:\n  n: [0.5, 0.25, 1024]\n", b""),
    (b"[0.5, 0.25, 1024]", b"[1e9, 1e9, 1e9]"),
    (b"backbone:", b"backbone: []\nx:"),
    (b"head:", b"tail:"),
)
_RANDOM = 60


def yamls(lab: Lab, tally: Tally) -> None:
    """Let `summary` read hostile model YAMLs."""
    with tempfile.TemporaryDirectory(dir=lab.folder) as folder:
        with lab.sandbox() as sandbox:
            must(sandbox, "apply", "--repo", PIN, "--module", "DSConv", "--dest", "w")
            template = Path(sandbox.path.rename(Path(folder) / "template"))
        cases = [_case(f"the YAML {data[:30]!r}", data) for data in YAMLS]
        cases += [_case(f"{new[:40]!r} for {old[:20]!r}", _MODEL.replace(old, new)) for old, new in _CHANGES]
        cases += changed_forms("a changed YAML", tally.budget.seed, _RANDOM, [_MODEL], _case)
        try_all(lab, tally, cases, template)


def _case(name: str, data: bytes) -> Hostile:
    return Hostile(name, ("summary", "w", "--cfg", "yolo11n-x.yaml"), {"yolo11n-x.yaml": data}, memory=WITH_TORCH)
