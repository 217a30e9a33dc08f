"""The page of `make forks`: a run of some forks leaves the rows of the others."""

from __future__ import annotations

from yolopatch.maintain.forks import ForkRow
from yolopatch.maintain.pages.forks import forks_page

OLD, NEW = "Python 3.11.7, torch 2.3.1", "Python 3.11.7, torch 2.5.0"


def row(fork: str, rebuilt: str = "the same", architecture: str = "C2f_A|B") -> ForkRow:
    return ForkRow(fork, "ultralytics==8.3.0 (1 of 2)", "a.yaml", architecture, "nothing", "yes", rebuilt, 1.0)


def test_a_run_without_forks_writes_what_it_has_read():
    page = forks_page([row("b/two", "", ""), row("A/one")], OLD)
    assert forks_page([], NEW, page) == page


def test_a_fork_that_is_adopted_again_has_one_row_and_the_newer_libraries():
    page = forks_page([row("a/one"), row("b/two")], OLD)
    again = forks_page([row("b/two", "differs"), row("c/three")], NEW, page)
    old, new = again.split("## Built with ")[1:]
    assert old.startswith(OLD)
    assert new.startswith(NEW)
    assert [line.split(" | ")[0] for line in old.splitlines() if "==" in line] == ["| a/one"]
    assert [line.split(" | ")[0] for line in new.splitlines() if "==" in line] == ["| b/two", "| c/three"]
    assert "differs" in new
    assert r"C2f\_A\|B" in old


def test_libraries_of_which_no_row_is_left_are_not_on_the_page():
    page = forks_page([row("a/one")], OLD)
    assert OLD not in forks_page([row("a/one")], NEW, page)
