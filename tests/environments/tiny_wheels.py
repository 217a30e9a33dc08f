"""Wheels with a module that says its version, and nothing else: an environment of them is made in seconds."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import Requirement


def fitting_versions(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Return a version that each requirement takes, by name."""
    return {one.name: _fitting_version(one) for one in requirements}


def _fitting_version(requirement: Requirement) -> str:
    named = [one.version for one in requirement.specifier]
    return next(version for version in (*named, "1.0", "0.1") if requirement.specifier.contains(version))


def write_wheel(index: Path, name: str, version: str, requires: Sequence[str] = ()) -> None:
    """Write a wheel and its page of a package index."""
    stem, folder = name.replace("-", "_"), index / name
    info = f"{stem}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    files = {
        f"{stem}/__init__.py": f"__version__ = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    folder.mkdir(parents=True, exist_ok=True)
    file = f"{stem}-{version}-py3-none-any.whl"
    (folder / "index.html").write_text(f'<a href="{file}">{file}</a>')
    with zipfile.ZipFile(folder / file, "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(path, text)
