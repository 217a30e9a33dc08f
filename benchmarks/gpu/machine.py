"""What the rows ran on: the machine, its GPU and driver, torch and CUDA."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import torch

from yolopatch import __version__


def describe(device: str) -> list[str]:
    """Return lines for the head of the table."""
    return [
        _git(),
        f"yolopatch {__version__}, Python {platform.python_version()}, torch {torch.__version__}, "
        f"CUDA {torch.version.cuda or 'none'}, cuDNN {torch.backends.cudnn.version() or 'none'}",
        f"{_gpu(device)}; {_processor()}, {os.cpu_count()} cores; {platform.system()} {platform.release()}",
    ]


def _gpu(device: str) -> str:
    if device == "cpu":
        return "no GPU"
    found = torch.cuda.get_device_properties(device)
    memory = f"{found.total_memory / 2**30:.0f} GiB, compute capability {found.major}.{found.minor}"
    return f"{found.name} ({memory}), driver {_driver()}"


def _driver() -> str:
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    if shutil.which(query[0]):
        done = subprocess.run(query, capture_output=True, text=True)
        if not done.returncode and done.stdout.strip():
            return done.stdout.split()[0]
    file = Path("/proc/driver/nvidia/version")
    return file.read_text().splitlines()[0] if file.is_file() else "unknown"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _git() -> str:
    if shutil.which("git") is None:
        return "git is not installed: only the rows of the layers can run"
    return subprocess.run(["git", "--version"], capture_output=True, text=True).stdout.strip()
