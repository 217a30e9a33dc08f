"""Check one module's layer, in a process of its own: an error of the GPU ends no other row.

Run as `python -m gpu.layer_child MODULE DEVICE CHECK...`; each answer is a line of JSON on standard output.
"""

from __future__ import annotations

import json
import os
import sys
import traceback

# cuBLAS needs it for deterministic results, before it is used for the first time
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import torch

from gpu.layer_cases import checked_case, timed_case
from gpu.layer_checks import CHECKS, Wrong
from gpu.layer_costs import COSTS

_LOST = "CUDA error"


def main(name: str, device: str, *checks: str) -> None:
    """Run the checks in turn."""
    if device == "cpu":
        torch.set_num_threads(1)  # threads that wait for each other on a busy machine time nothing
    (torch.ones(2, 2, device=device) @ torch.ones(2, 2, device=device)).sum().item()
    _say(ready=True)
    for check in checks:
        try:
            text, ok = _answer(name, device, check), True
        except Wrong as error:
            text, ok = str(error), False
        except Exception as error:  # the layer's code or torch may raise anything; the row says what
            traceback.print_exc()
            text, ok = f"{type(error).__name__}: {error}", False
        is_lost = _LOST in text  # nothing else can be computed in this process
        _say(check=check, ok=ok, text=text, lost=is_lost)
        if is_lost:
            return


def _answer(name: str, device: str, check: str) -> str:
    if check in CHECKS:
        return CHECKS[check](checked_case(name, device))
    return COSTS[check](timed_case(name, device))


def _say(**answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
