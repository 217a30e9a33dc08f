"""Every page by axe-core, the accessibility checker, in a real browser: light and dark, and as a telephone shows it."""

from __future__ import annotations

import base64
import hashlib
from importlib.util import find_spec
from pathlib import Path

import pytest

from .browser import needs_browser, read
from .samples import PAGES

_AXE = find_spec("axe_core_python")
pytestmark = [needs_browser, pytest.mark.skipif(_AXE is None, reason="axe-core-python is not installed")]

_RUN = """
document.addEventListener("DOMContentLoaded", async () => {
  const found = document.createElement("pre");
  found.id = "found";
  for (const one of document.querySelectorAll("details")) one.open = true;
  document.getElementById("theme").value = "%s";
  document.getElementById("theme").dispatchEvent(new Event("change"));
  const { violations, passes } = await axe.run(document);
  const seen = violations.map((one) => [one.id, one.nodes.map((node) => `${node.html} ${node.failureSummary}`)]);
  found.textContent = JSON.stringify({ violations: seen, passes: passes.map((one) => one.id) });
  document.body.append(found);
});
"""


def _with_axe(page: str, theme: str) -> str:
    """Return the page with the checker in it, which the page's policy then names beside the page's own script."""
    scripts = ((Path(_AXE.origin).parent / "axe.min.js").read_text(encoding="utf-8"), _RUN % theme)
    hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts]
    named = " ".join(f"'sha256-{one}'" for one in hashes)
    page = page.replace("script-src ", f"script-src {named} ", 1)
    return page.replace("</head>", "".join(f"<script>{one}</script>" for one in scripts) + "</head>", 1)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("dark", 500)])
def test_axe_finds_nothing(name, theme, width, tmp_path):
    found = read(_with_axe(PAGES[name](), theme), tmp_path, width=width)
    assert found["violations"] == []
    assert {"color-contrast", "landmark-one-main", "button-name", "select-name"} <= set(found["passes"])
