"""The READMEs, done as they are printed: from an empty folder to a verified and trained model, without a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from yolopatch.core.training.results import map50, read_results

from .conftest import same_for_the_reader
from .page import read_page

ROOT = Path(__file__).resolve().parents[2]
READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
PIN = "ultralytics-8.3.0"


def _other_fences(page: Path) -> list[str]:
    """Return what stands in the fences without output: the set-up, and what to cite."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [text for language, text in fences if language != "console"]


def test_both_languages_have_the_same_commands_and_blocks():
    english, chinese = READMES.values()
    assert same_for_the_reader(read_page(english)) == same_for_the_reader(read_page(chinese))
    assert len(_other_fences(english)) == 2
    assert _other_fences(english) == _other_fences(chinese)


@pytest.mark.slow  # verify and a training
@pytest.mark.parametrize("language", READMES)
def test_a_reader_gets_to_a_verified_and_trained_model(language, read_and_do, need_pin, own_code_runs, tmp_path):
    need_pin(PIN)
    own_code_runs(PIN)
    ran = read_and_do(READMES[language], 1500, language)
    assert [one.command.text.split()[1] for one in ran] == ["apply", "render-cfg", "verify", "data", "env", "status"]
    work = tmp_path / "home" / "work"
    (results,) = work.glob("my-yolo/runs/detect/train/results.csv")
    assert max(map(map50, read_results(results.read_text()))) > 0.3
    assert (work / "my-yolo/runs/detect/train/weights/best.pt").is_file()
    assert f'lang="{language}' in (work / "report.html").read_text(encoding="utf-8")
