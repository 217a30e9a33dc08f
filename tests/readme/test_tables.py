"""The tables of both READMEs are what the measured pages say now."""

from __future__ import annotations

from pathlib import Path

import pytest

from yolopatch.maintain.pages.readme import README, filled

ROOT = Path(__file__).resolve().parents[2]

VERIFIED = """# Every module, verified

## Flavor `paper`

| pin | module | in | n | s |
|---|---|---|---|---|
| ultralytics-8.3.0 | RefConv | layer | pass | pass*; warns base-parity |
| ultralytics-8.3.0 | RefConv | block | fails fuse | pass |
| yolov5-6.1 | RefConv | layer | pass |  |

## Flavor `tutorial`

| pin | module | in | n | s |
|---|---|---|---|---|
| ultralytics-8.3.0 | RefConv | layer | fails gradient-flow, learns; warns only-intended | fails gradient-flow |
| ultralytics-8.3.0 | RefConv | block | pass | fails init, gradient-flow* |
"""
ABLATION = """
| Arm | Scale | Parameters (M) | GFLOPs | Latency (ms) | Speed (FPS) | Runs | mAP50 (%) | mAP50-95 (%) | \
Difference (points) | p | Verdict |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
| base | n | 2.5 | 0.3 | 15.9 | 62.7 | 7/7 | 54.3 | 33.5 | - | - | baseline |
"""
DOCUMENT = """<!-- verdicts -->
| Modul | Aufsatz |
|---|---|
| old | row |
<!-- /verdicts -->
<!-- unmeasured -->
<!-- /unmeasured -->
<!-- ablation -->
| Arm |
|---:|
<!-- /ablation -->
"""


@pytest.mark.parametrize("name", README)
def test_the_tables_are_up_to_date(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert filled(text, ROOT, README[name]) == text, "make readme writes them"


@pytest.fixture
def root(tmp_path) -> Path:
    """A repository with few results."""
    for folder in ("docs/measured", "docs/modules"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "docs/measured/verified.md").write_text(VERIFIED)
    (tmp_path / "docs/measured/ablation.md").write_text(ABLATION)
    (tmp_path / "docs/modules/wiou.md").touch()
    return tmp_path


def test_a_row_counts_the_models_of_each_pin_and_names_what_fails_in_most_of_the_posts(root):
    lines = filled(DOCUMENT, root, ".md").splitlines()
    assert lines[:5] == [
        "<!-- verdicts -->",
        "| Modul | Aufsatz |",
        "|---|---|",
        "| [`RefConv`](docs/modules.md) | [arXiv](https://arxiv.org/abs/2310.10563) | – | 3/4 | – | – | 1/1 "
        "| 1/4: `gradient-flow` |",
        "<!-- /verdicts -->",
    ]


def test_modules_without_results_are_named_with_the_page_that_their_versions_share(root):
    (line,) = (line for line in filled(DOCUMENT, root, ".md").splitlines() if line.startswith("[`DSConv`]"))
    assert "[`WIoUv1`](docs/modules/wiou.md)" in line
    assert "RefConv" not in line


def test_the_row_of_an_arm_has_the_columns_that_are_shown(root):
    assert "| base | 2.5 | 0.3 | 15.9 | 7/7 | 33.5 | - | - | baseline |" in filled(DOCUMENT, root, ".md").splitlines()


def test_a_document_without_the_marks_is_refused(root):
    with pytest.raises(ValueError, match="ablation stand in the document 0 times"):
        filled(DOCUMENT.replace("<!-- ablation -->", ""), root, ".md")
