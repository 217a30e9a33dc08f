"""The site, built once a run, and a browser."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from ..browser import Browser, browser

ROOT = Path(__file__).parents[2]
BUILDER = ROOT / ".venv-docs" / "bin" / "python"
# as mkdocs does it for a hook
sys.path.insert(0, str(ROOT / ".ci" / "site"))


@pytest.fixture(scope="session")
def site(shared) -> Path:
    """The folder of the site, as `make docs` builds it."""
    if not BUILDER.is_file():
        pytest.skip("there is no .venv-docs: make docs")
    folder = shared / "site"
    with FileLock(shared / "site.lock"):
        if not folder.exists():
            (ROOT / "build" / "docs").mkdir(parents=True, exist_ok=True)
            words = [BUILDER, "-m", "mkdocs", "build", "--site-dir", folder]
            environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
            done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Iterator[Browser]:
    """The page of a browser, as wide as a desktop's."""
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        opened.resize(1280)
        yield opened
