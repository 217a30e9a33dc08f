"""Pages in a real browser, which needs nothing but Chromium: it prints the page with what a script found in it.

A page is shown as it is, under its own policy, in a frame of the size that a test wants; the test's script is in the
page around the frame, where no policy forbids it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom")
_FOUND = re.compile(r'<pre id="found">(.*?)</pre>', re.DOTALL)
_AROUND = """<!DOCTYPE html><meta charset="utf-8">
<iframe id="frame" width="{width}" height="900" style="border: 0" {allowed}srcdoc="{page}"></iframe>
<pre id="found"></pre>
<script>
const frame = document.getElementById("frame");
frame.onload = async () => {{
  const view = frame.contentWindow, page = frame.contentDocument, all = (chosen) => [...page.querySelectorAll(chosen)];
  const look = async () => {{ {script} }};
  const found = await look().catch((error) => ({{ error: `${{error}} ${{error.stack}}` }}));
  document.getElementById("found").textContent = JSON.stringify(found);
}};
</script>
"""


def look(page: str, script: str, folder: Path, *, width: int = 1200, runs: bool = True) -> Any:
    """Return what a script finds in a page.

    Args:
        page: its text.
        script: the body of a function, with the page's window as `view`, its document as `page`, and all of its
            elements of a selector as `all(selector)`.
        folder: an empty one for the browser's files.
        width: of the page, in pixels.
        runs: whether the page's own script runs.
    """
    allowed = "" if runs else 'sandbox="allow-same-origin" '
    around = _AROUND.format(width=width, allowed=allowed, page=escape(page), script=script)
    return read(around, folder)


def read(page: str, folder: Path, *, width: int = 1280) -> Any:
    """Return what a page's own script leaves as JSON in `<pre id="found">`; a window has 500 pixels at least."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    command = [
        CHROMIUM,
        *_OPTIONS,
        f"--window-size={width},900",
        f"--user-data-dir={folder / 'profile'}",
        file.as_uri(),
    ]
    ran = subprocess.run(command, capture_output=True, timeout=120, check=True)
    found = json.loads(unescape(_FOUND.findall(ran.stdout.decode())[-1]) or "null")
    assert not (isinstance(found, dict) and "error" in found), found["error"]
    return found
