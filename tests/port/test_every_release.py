"""Which releases speak for others, and how the page of all of them names them."""

from __future__ import annotations

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.errors import SourceError
from yolopatch.maintain.forms import form_of
from yolopatch.maintain.ported import Form, Result, every_page, every_version, page

PIN = PINS["ultralytics-8.4.0"]
TASKS = "ultralytics/nn/tasks.py"


@pytest.fixture
def form(files):
    """Give the form of a release with this text of its parser replaced."""

    def of(old: str, new: str) -> str:
        found = files({TASKS: {old: new}})
        return form_of(PIN, {path: data.decode() for path, data in found.items() if path.endswith(".py")})

    return of


def test_docstrings_types_and_other_code_do_not_count(form):
    plain = form("class", "class")
    assert form('"""Parse a YOLO', '"""Take apart a YOLO') == plain
    assert form("(d, ch, verbose=True)", "(d: dict, ch: int, verbose: bool = True) -> tuple") == plain
    assert form("class DetectionModel(BaseModel):", "THINGS = 3\n\n\nclass DetectionModel(BaseModel):") == plain


def test_the_code_of_the_parser_does(form):
    assert form("args.insert(2, n)", "args.insert(3, n)") != form("class", "class")


def test_releases_of_one_form_are_named_by_their_runs():
    def result(version: str) -> Result:
        return Result(version, None, "nothing", 0.0)

    one = Form((result("8.3.9"), result("8.3.10"), result("8.3.12")), result("8.3.12"))
    other = Form((result("8.3.11"),), result("8.3.11"))
    page = every_page([one, other])
    assert "Of 4 releases from 8.3.9 to 8.3.12, the patches of 0 hold." in page
    assert "| 8.3.9 to 8.3.10, 8.3.12 | 3 | 0 |" in page
    assert "| 8.3.11 | 1 | 0 |" in page
    assert "8.3.10: nothing" in page


def test_a_run_of_some_releases_leaves_the_rows_of_the_others():
    earlier = page([Result("8.3.10", None, "of ten", 0.0), Result("8.3.9", None, "of nine", 0.0)])
    assert page([], earlier) == earlier
    again = page([Result("8.3.9", None, "another", 0.0), Result("8.4.0", None, "of four", 0.0)], earlier)
    rows = [line.split(" | ")[0] for line in again.splitlines() if line.startswith("| 8")]
    assert rows == ["| 8.3.9", "| 8.3.10", "| 8.4.0"]
    assert again.endswith("\n8.3.9: another\n\n8.3.10: of ten\n\n8.4.0: of four\n")


@pytest.mark.more
def test_versions_of_the_index_are_in_order():
    try:
        found = every_version()
    except SourceError as error:
        pytest.skip(f"{error.what}: {'; '.join(error.details)}")
    assert found[0] == "8.0.136"
    assert found.index("8.3.9") < found.index("8.3.10") < found.index("8.4.0")
