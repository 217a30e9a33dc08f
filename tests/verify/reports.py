"""What `verify --json` gives, made up: for the pages that show it."""

from __future__ import annotations

import copy
from typing import Any


def _table(second: str, parameters: int) -> list[dict[str, Any]]:
    rows = [(0, -1, "Conv", 464), (1, -1, second, parameters), (2, [-1, 0], "Concat", 0)]
    return [{"index": i, "from": f, "class": c, "parameters": p, "replaced": c == "RefConv"} for i, f, c, p in rows]


def make_check(
    name: str, status: str = "pass", summary: str = "all is well", hint: str = "", **evidence: Any
) -> dict[str, Any]:
    """A check with its evidence."""
    return {"id": name, "status": status, "summary": summary, "evidence": evidence, "hint": hint, "seconds": 1.25}


def one_run() -> dict[str, Any]:
    """A run with a failure, a warning, a skipped check and a pass."""
    return {
        "cfg": "/home/ana/my work/yolo26n-RefConv.yaml",
        "scale": "n",
        "workspace": "/home/ana/ultralytics-8.4.0",
        "pin": "ultralytics-8.4.0",
        "commit": "5f0c7d1e9b2a4466c1d3d8fe0b1f6d2a7c9e1342",
        "modules": [{"name": "RefConv", "flavor": "tutorial"}],
        "task": "detect",
        "layers": 256,
        "parameters": 2_571_320,
        "gradients": 2_571_320,
        "gflops": {"upstream": 8.17, "true": 6.09},
        "latency_ms": {"median": 48.0, "low": 46.9, "high": 52.2},
        "latency_fused_ms": {"median": 32.0, "low": 31.0, "high": 33.0},
        "fps": {"as_built": 20.83, "fused": 31.25},
        "table": _table("RefConv", 4608),
        "base": {
            "cfg": "/cache/yolo26.yaml",
            "layers": 260,
            "parameters": 2_572_280,
            "gradients": 2_572_280,
            "gflops": {"upstream": 6.12, "true": 6.08},
            "latency_ms": {"median": 40.0, "low": 39.0, "high": 41.0},
            "latency_fused_ms": {"median": 25.0, "low": 24.0, "high": 26.0},
            "fps": {"as_built": 25.0, "fused": 40.0},
            "table": _table("Conv", 4672),
        },
        "checks": [
            make_check("provenance", file="/home/ana/ultralytics-8.4.0/ultralytics/__init__.py"),
            make_check("flops", "warn", "upstream prints 8.17 GFLOPs where 6.09 are true", "cite the true figure"),
            make_check(
                "gradient-flow", "fail", "259 parameters are dead", "look at layer 1", parameters=259, share=0.9972
            ),
            make_check("onnx", "skip", "onnxruntime is not installed"),
        ],
        "verdict": "fail",
        "imgsz": 640,
        "run": {
            "yolopatch": "0.2.0",
            "python": "3.11.9",
            "torch": "2.3.1+cpu",
            "device": "CPU",
            "date": "2026-11-22T14:05:00+00:00",
            "threads": 2,
            "seconds": 31.4,
        },
    }


def two_scales() -> dict[str, Any]:
    """A run at two scales, of which one passes."""
    one = one_run()
    passed = [make_check("provenance"), make_check("build")]
    good = copy.deepcopy(one) | {"scale": "s", "verdict": "pass", "checks": passed}
    return {"cfg": one["cfg"], "workspace": one["workspace"], "verdict": "fail", "runs": [one, good]}
