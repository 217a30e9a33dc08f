"""What the model tests share: the published numbers, and questions to the probe about rendered files."""

from __future__ import annotations

import sys

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.outside.probe.facts import ask_facts
from yolopatch.wire.facts import Question


@pytest.fixture
def probe(full_workspace):
    """Build YAMLs in a pin's full workspace, in one child process; returns the facts about each."""

    def run(pin: str, flavor: str, asked, wanted=(), imgsz: int = 64):
        """Ask about (file, scale) pairs."""
        questions = [Question(str(file), scale, tuple(wanted)) for file, scale in asked]
        return ask_facts(full_workspace(pin, flavor), PINS[pin], questions, python=sys.executable, imgsz=imgsz)

    return run
