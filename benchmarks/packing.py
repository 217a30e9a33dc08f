"""How small DSConv's kernels become: yolo11m with DSConv in every block, packed, measured on the file.

Run with `python benchmarks/packing.py [SCALE]`. Two bits and one half-precision scale for each block of 128 input
channels are 2 + 16 / 128 bits a weight, of 32: a ratio of 15.06. Blocks cannot be larger than the layer, so that
layers of 64 input channels reach 14.22, and those of 32 12.80. The claim is that those of 64 and more reach 14.
Weights are random: their values change no size.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PIN, MODULE, MODEL = "ultralytics-8.3.0", "DSConv", "yolo11"
BITS, BLOCK_SIZE = 2, 128
WIDE, CLAIM = 64, 14.0  # input channels from which on, at least this ratio

# What upstream's trainer would save of the model before its first step.
_UNTRAINED = """
import sys
cfg, scale, out = sys.argv[1:]
from yolopatch.probe.checkpoint.saving import save_as_upstream
from yolopatch.probe.tensors.tensors import seed_all
from yolopatch.probe.upstreams.opening import open_upstream
upstream = open_upstream("ultralytics")
seed_all(0)
save_as_upstream(upstream, upstream.build(upstream.read(cfg, scale)), out)
"""


def call(*arguments: object) -> str:
    """Run yolopatch and return what it prints; its failure ends the benchmark."""
    command = [sys.executable, "-m", "yolopatch", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def write_checkpoint(workspace: Path, cfg: Path, scale: str, out: Path) -> None:
    """Let upstream build the YAML's model and write it as its trainer does."""
    own = {"PYTHONPATH": str(workspace), "YOLO_OFFLINE": "true", "YOLO_CONFIG_DIR": str(out.parent)}
    command = [sys.executable, "-c", _UNTRAINED, str(cfg), scale, str(out)]
    subprocess.run(command, check=True, env={**os.environ, **own}, cwd=out.parent, stdout=subprocess.DEVNULL)


def packed(folder: Path, scale: str) -> dict[str, Any]:
    """Return what `pack --json` says of the model at a scale."""
    workspace, weights = folder / "workspace", folder / "best.pt"
    call("apply", "--repo", PIN, "--module", MODULE, "--dest", workspace)
    call("render-cfg", "--module", MODULE, "--model", MODEL, "--scale", scale, "--block", "--out", folder)
    write_checkpoint(workspace, next(folder.glob("*.yaml")), scale, weights)
    how = ("--bits", BITS, "--block-size", BLOCK_SIZE, "--json")
    return json.loads(call("pack", workspace, "--weights", weights, "--out", folder / "best.packed.pt", *how))


def main(scale: str = "m") -> int:
    """Print the ratio for each number of input channels and in all; 1 where the claim does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        found = packed(Path(folder), scale)
    print(f"{MODEL}{scale}, {MODULE} in every block, {BITS} bits, blocks of {BLOCK_SIZE}; bytes as the file has them")
    print(f"{'input channels':<16}{'layers':>8}{'float32':>14}{'packed':>12}{'ratio':>8}")
    rows = [*found["by_input_channels"].items(), ("all", {"layers": len(found["layers"]), **found["kernels"]})]
    for name, row in rows:
        print(f"{name:<16}{row['layers']:>8}{row['float32']:>14,}{row['packed']:>12,}{row['ratio']:>8.2f}")
    file = found["file"]
    print(
        f"whole file: {file['float32']:,} bytes of tensors in float32, {file['packed']:,} packed: {file['ratio']:.2f}"
    )
    holds = all(row["ratio"] >= CLAIM for name, row in rows[:-1] if int(name) >= WIDE)
    print(f"at least {CLAIM:.0f} from {WIDE} input channels on: {'yes' if holds else 'NO'}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
