"""JSON of strangers: too deep to read is one more form of not readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from yolopatch.core.plain_json import load_json
from yolopatch.core.reproduce.reproduction import read_record
from yolopatch.core.training.run import read_run
from yolopatch.outside.workspace.journal import read_journal
from yolopatch.wire.lines import read_line
from yolopatch.wire.tasks import FACTS

DEEP = b"[" * 100_000


@pytest.mark.parametrize("text", [DEEP, b'{"a":' * 100_000, b"\xff", b"", b"9" * 5000])
def test_what_cannot_be_read_is_a_value_error(text):
    with pytest.raises(ValueError):
        load_json(text)


def test_records_that_are_too_deep_are_none(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "yolopatch-switch").write_bytes(DEEP)
    assert read_journal(tmp_path) is None
    assert read_record(DEEP) is None
    assert read_run(DEEP, Path("run")) is None


def test_a_line_that_is_too_deep_is_no_message():
    with pytest.raises(ValueError, match="not a message of the task facts"):
        read_line(FACTS, DEEP)
