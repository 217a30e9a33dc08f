"""Every page by axe-core, the accessibility checker, in a real browser: light and dark, and as a telephone shows it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from .samples import PAGES

_AXE = find_spec("axe_core_python")
pytestmark = pytest.mark.skipif(_AXE is None, reason="axe-core-python is not installed")

# all that can be opened is open, and the theme is chosen, before the checker looks
_RUN = """
  for (const one of all("details")) one.open = true;
  const theme = page.getElementById("theme");
  theme.value = "%s";
  theme.dispatchEvent(new view.Event("change"));
  const { violations, passes } = await axe.run(page);
  const seen = violations.map((one) => [one.id, one.nodes.map((node) => `${node.html} ${node.failureSummary}`)]);
  return { violations: seen, passes: passes.map((one) => one.id) };
"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The checker: a script that leaves an object `axe`."""
    return (Path(_AXE.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("dark", 390)])
def test_axe_finds_nothing(name, theme, width, look, axe):
    found = look(PAGES[name](), axe + _RUN % theme, width=width)
    assert found["violations"] == []
    assert {"color-contrast", "landmark-one-main", "button-name", "select-name"} <= set(found["passes"])
