"""The pages of the modules: their heads are those that `make module-pages` writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from yolopatch.catalog.modules import MODULES
from yolopatch.errors import YolopatchError
from yolopatch.maintain.pages.modules import Paper, headed_pages, paper
from yolopatch.maintain.pages.verdicts import Verdict, verdict, verified

ROOT = Path(__file__).parents[2]
PAGES = dict(headed_pages(ROOT / "docs"))
_MATRIX = """
## Flavor `paper`

| pin | module | in | n | s |
|---|---|---|---|---|
| one | A | layer | pass | pass*; warns build |
| one | B | layer | pass | fails init |

## Flavor `tutorial`

| pin | module | in | n | s |
|---|---|---|---|---|
| one | A | layer | fails inert, init; warns scale | fails init* |
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_head_of_a_page_is_up_to_date(page):
    assert page.read_text(encoding="utf-8") == PAGES[page], "make module-pages"


def test_a_page_of_the_folder_is_of_a_module():
    assert {page.name for page in (ROOT / "docs" / "modules").glob("*.md")} == {page.name for page in PAGES}


def test_the_head_names_what_its_module_is_and_how_to_use_it():
    text = PAGES[ROOT / "docs/modules/refconv.md"]
    assert "| usual placement | `backbone-down`: in yolo26, layers 1, 3, 5, 7 |" in text
    assert "https://arxiv.org/abs/2310.10563" in text
    assert "yolopatch verify my-yolo --cfg yolo26n-RefConv.yaml" in text
    assert "2.57 / 6.1" in text


@pytest.mark.more
def test_what_is_below_the_head_stays(tmp_path):
    docs = tmp_path / "docs"
    for name in ("measured", "modules", "templates"):
        (docs / name).mkdir(parents=True)
        for file in (ROOT / "docs" / name).iterdir():
            (docs / name / file.name).write_bytes(file.read_bytes())
    page = docs / "modules" / "simam.md"
    page.write_text("# SimAM\n\nWritten by hand.\n", encoding="utf-8")
    text = dict(headed_pages(docs))[page]
    assert text.startswith("# SimAM\n\n<!-- The head")
    assert text.endswith("<!-- The end of the head. -->\n\nWritten by hand.\n")
    page.write_text(text, encoding="utf-8")
    assert dict(headed_pages(docs))[page] == text
    page.unlink()
    with pytest.raises(YolopatchError, match="SimAM has no page"):
        dict(headed_pages(docs))


def test_the_verdict_is_counted_from_the_matrix():
    models = verified(_MATRIX)
    assert {model.pin for model in models} == {"one"}
    counted = {
        (module, flavor): verdict(model for model in models if (model.module, model.flavor) == (module, flavor))
        for module in "ABC"
        for flavor in ("paper", "tutorial")
    }
    assert counted["A", "paper"] == Verdict(2, 2)
    assert counted["A", "tutorial"] == Verdict(0, 2, (("init", 2), ("inert", 1)))
    assert counted["B", "paper"] == Verdict(1, 2, (("init", 1),))
    assert counted["B", "tutorial"] == counted["C", "paper"] == Verdict(0, 0)


def test_a_citation_gives_year_and_link():
    assert paper("A et al.: Title (ICCV 2019), arXiv 1901.01928") == Paper(
        "A et al.: Title (ICCV 2019)", "2019", "https://arxiv.org/abs/1901.01928"
    )
    assert paper("B: Other, arXiv 2310.10563").year == "2023"
    assert (
        paper("C: Third (Pattern Recognition 2023), doi 10.1016/j.x.109819").link
        == "https://doi.org/10.1016/j.x.109819"
    )
    assert paper("D: Fourth (ICML 2021)") == Paper("D: Fourth (ICML 2021)", "2021", "")


def test_every_page_of_the_documents_has_its_place_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    named = re.findall(r"- ([\w/*-]+\.md)$", text, re.M)
    docs = ROOT / "docs"
    pages = {page.relative_to(docs) for page in docs.glob("**/*.md") if not page.name.endswith(".zh.md")}
    assert [page for page in sorted(pages) if not any(page.match(pattern) for pattern in named)] == []


def test_every_own_module_has_a_page():
    named = {name for text in PAGES.values() for name in re.findall(r"--module (\w+)", text)} | {"WIoUv1", "WIoUv2"}
    assert {name for name, module in MODULES.items() if module.home is None} <= named
