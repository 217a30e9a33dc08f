"""A copy of yolov5's own repository, made after its last release: exactly what its author did is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from yolopatch import adopt
from yolopatch.errors import SourceError
from yolopatch.outside.source.bases import find_base

from .trees import write_tree

COPIED = "7.0+209"  # of August 2023
GATE = """

class Gate(nn.Module):
    def __init__(self, c1, c2):
        super().__init__()
        self.cv = Conv(c1, c2, 1)

    def forward(self, x):
        return x * self.cv(x).sigmoid()
"""


@pytest.fixture(scope="module")
def upstream(tmp_path_factory) -> dict[str, bytes]:
    """The files of the commit; skips where no source of it can be reached."""
    try:
        return dict(find_base(f"yolov5=={COPIED}", tmp_path_factory.mktemp("cache")).files)
    except SourceError as error:
        pytest.skip(f"{error.what}: {'; '.join(error.details)}")


@pytest.fixture(scope="module")
def place(upstream, tmp_path_factory) -> Path:
    """A fork of it with a layer, a gain of the loss, and a size of the suppression of boxes."""
    files = dict(upstream)
    files["models/common.py"] += GATE.encode()
    files["models/yolov5-gate.yaml"] = files["models/yolov5n.yaml"].replace(
        b"[-1, 1, SPPF, [1024, 5]]", b"[-1, 1, Gate, [1024]]"
    )
    for path, old, new in (
        ("models/yolo.py", b"                Conv, Ghost", b"                Conv, Gate, Ghost"),
        ("utils/loss.py", b"{3: [4.0, 1.0, 0.4]}", b"{3: [4.0, 2.0, 0.4]}"),
        ("utils/general.py", b"max_wh = 7680", b"max_wh = 4096"),
    ):
        assert old in files[path], path
        files[path] = files[path].replace(old, new, 1)
    return write_tree(tmp_path_factory.mktemp("forks") / "Own-YOLO", files)


@pytest.mark.more
def test_exactly_what_the_author_did_is_told(place):
    found = adopt(place, builds=False)
    base, told = found.reading.base, found.account
    assert (base.name, base.changed, base.missing, base.others) == (f"yolov5=={COPIED}", 4, 0, ())
    assert found.certainty[0] == "it was copied from 7.0 and 209 later commits of yolov5, as of 2023-08-11"
    assert [layer.own.name for layer in told.layers] == ["Gate"]
    assert {area: [item.where for item in items] for area, items in told.beside.items()} == {
        "loss": ["utils/loss.py:112"],
        "evaluation": ["utils/general.py:899"],
    }
    assert not told.idle


@pytest.mark.more
def test_a_workspace_of_the_commit(yolopatch, place, own_catalog, tmp_path, git_in):
    ran = yolopatch("adopt", place, "--no-build", "--dest", tmp_path / "w", "--json")
    assert ran.code == 0, ran.err
    assert (own_catalog / "pins" / f"yolov5-7.0-{ran.json['base']['copied']['id'][:8]}.json").is_file()
    again = yolopatch("adopt", place, "--no-build", "--dest", tmp_path / "w2", "--json")
    assert again.json["commit"] == ran.json["commit"] == git_in(tmp_path / "w", "rev-parse", "HEAD").strip()
