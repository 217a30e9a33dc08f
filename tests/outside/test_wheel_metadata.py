"""The metadata of a wheel become a project's file; those that cannot be read are refused in words."""

from __future__ import annotations

import pytest

from yolopatch.errors import SourceError
from yolopatch.outside.source.wheel import tree_of_wheel

SOUND = b"Metadata-Version: 2.1\nName: x\nVersion: 1\nRequires-Dist: numpy\n"


def _tree(metadata: bytes = SOUND, scripts: bytes = b"") -> dict[str, bytes]:
    return tree_of_wheel({"x/a.py": b"", "x-1.dist-info/METADATA": metadata, "x-1.dist-info/entry_points.txt": scripts})


@pytest.mark.parametrize(
    "scripts",
    [
        pytest.param(b"yolo = a:b\n", id="no section"),
        pytest.param(b"[console_scripts]\nyolo\n = [", id="no pair"),
        pytest.param(b"[console_scripts]\nyolo = %(x)s\n", id="a value that is put in"),
        pytest.param(b"[console_scripts]\na = b\na = c\n", id="one name twice"),
        pytest.param(b"\xff", id="no UTF-8"),
    ],
)
def test_scripts_that_cannot_be_read(scripts):
    with pytest.raises(SourceError, match="the metadata of the wheel cannot be read"):
        _tree(scripts=scripts)


def test_a_wheel_without_metadata():
    with pytest.raises(SourceError, match="the metadata of the wheel cannot be read"):
        tree_of_wheel({"x/a.py": b"", "x-1.dist-info/RECORD": b""})


def test_a_requirement_that_is_no_ascii():
    assert _tree(SOUND + b"Requires-Dist: \xbc\n")["pyproject.toml"].count(b"    ") == 2
