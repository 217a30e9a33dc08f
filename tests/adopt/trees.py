"""Small forks as files, and what they can lie in."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

SMALL = {
    "README.md": b"# A fork\n",
    "train.py": b"from ultralytics import YOLO\nYOLO('ultralytics/cfg/models/v8/yolov8s-my.yaml').train()\n",
    "weights/best.pt": b"\0" * 100,
    "ultralytics/__init__.py": b'__version__ = "8.2.50"\n',
    "ultralytics/nn/tasks.py": b"def parse_model():\n    pass\n",
    "ultralytics/cfg/models/v8/yolov8-my.yaml": b"nc: 3\nbackbone:\n  - [-1, 1, Mine, [64]]\n"
    b"head:\n  - [[0], 1, Detect, [nc]]\n",
}
PACKAGE = {path for path in SMALL if path.startswith("ultralytics/")}


def write_tree(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder, and return it."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def tarred(files: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    """Return a tar archive with these files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def committed(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Make a git repository with one commit of these files."""
    write_tree(folder, files)
    who = ("-c", "user.name=A User", "-c", "user.email=user@example.org")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "A fork")):
        subprocess.run(["git", "-C", str(folder), *who, *words], check=True)
    return folder
