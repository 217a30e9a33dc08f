"""A small client of Chromium: it opens pages, runs scripts in them and looks at them, over a pipe."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
_TIMEOUT = 60.0


class Browser:
    """A browser without a window, with one page."""

    def __init__(self, commands: int, answers: int) -> None:
        """Talk to a browser through two file descriptors: one for what it is asked, one for what it says."""
        self._commands = os.fdopen(commands, "wb", buffering=0)
        self._answers = os.fdopen(answers, "rb", buffering=0)
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session = ""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._ask("Page.enable")

    def resize(self, width: int, height: int = 900) -> None:
        """Give the page a size, in CSS pixels."""
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def emulate(self, media: str = "screen", scheme: str = "light") -> None:
        """Take the page for one that is printed (`print`), or that a user wants `dark`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._ask("Emulation.setEmulatedMedia", media=media, features=features)

    def let_scripts_run(self, run: bool) -> None:
        """Choose whether the scripts of the pages that are opened from now on run."""
        self._ask("Emulation.setScriptExecutionDisabled", value=not run)

    def open(self, url: str) -> None:
        """Open a page, and wait until it is complete."""
        self._ask("Page.navigate", url=url)
        self.wait(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url)})")

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        found = self._ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise AssertionError(f"{script}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def wait(self, script: str) -> Any:
        """Wait until an expression in the page is true, and return its value."""
        until = time.monotonic() + _TIMEOUT
        while time.monotonic() < until:
            if value := self.run(script):
                return value
            time.sleep(0.1)
        raise AssertionError(f"not within {_TIMEOUT:.0f} s: {script}")

    def type(self, text: str) -> None:
        """Type a text where the page has its focus."""
        self._ask("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """Press a key, and let it go."""
        for kind in ("keyDown", "keyUp"):
            self._ask("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def picture(self) -> bytes:
        """Return what is seen of the page, as PNG."""
        return base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"])

    def _ask(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        asked = {"id": number, "method": method, "params": parameters}
        self._commands.write(
            json.dumps({**asked, "sessionId": self._session} if self._session else asked).encode() + b"\0"
        )
        for said in self._messages():
            if said.get("id") == number:
                assert "error" not in said, f"{method}: {said['error']}"
                return said["result"]
        raise AssertionError(f"{method}: the browser has ended")

    def _messages(self) -> Iterator[Any]:
        while True:
            *whole, self._rest = self._rest.split(b"\0")
            if whole:
                self._rest = b"\0".join([*whole[1:], self._rest])
                yield json.loads(whole[0])
            elif part := os.read(self._answers.fileno(), 2**16):
                self._rest += part
            else:
                return


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start a browser with a folder of its own, and end it in the end; without one, skip the test."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    there, commands = os.pipe()
    answers, back = os.pipe()
    words = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]

    # the browser reads from descriptor 3 and writes to 4
    script = f'exec "$@" 3<&{there} 4>&{back}'
    process = subprocess.Popen(
        ["bash", "-c", script, "bash", *words, f"--user-data-dir={profile}"],
        pass_fds=(there, back),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(there)
    os.close(back)
    try:
        yield Browser(commands, answers)
    finally:
        process.terminate()
        process.wait(30)
