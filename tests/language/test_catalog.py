"""All that the program prints is reached by its Chinese translation, and nothing else changes with the language."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from yolopatch.cli.group import _COMMANDS
from yolopatch.core.compare.columns import COCO, METRICS, SIZE, SPEED
from yolopatch.core.language.messages import PATTERNS, TEXTS
from yolopatch.core.language.patterns import parts_of
from yolopatch.core.language.spoken import ENGLISH, speak
from yolopatch.outside.language import compiled_file, load_translator

PASTED = Path(__file__).parents[1] / "add" / "pasted"
CHINESE = load_translator("zh")
# One after the other, in one folder.
COMMANDS = (
    (),
    ("list",),
    ("list", "DSConv"),
    ("list", "pins"),
    ("list", "tutorials"),
    ("list", "checks"),
    ("list", "nothing"),
    ("apply", "--repo", "ultralytics-8.3.0", "--module", "DSConv", "--dest", "made"),
    ("apply", "--repo", "nothing", "--module", "DSConv"),
    ("apply", "--repo", "ultralytics", "--module", "DSConv,SPConv"),
    ("status", "made"),
    ("status", "nowhere"),
    ("render-cfg", "--module", "DSConv", "--model", "yolo11", "--scale", "n", "--out", "made"),
    ("render-cfg", "--module", "DSConv", "--model", "yolo11", "--placement", "23"),
    ("remove", "made", "--module", "SPConv"),
    ("add", PASTED / "ADownLite.py"),
    ("add", "syntax.py"),
    ("add", "two.py"),
    ("add", "two.py", "--class", "Second"),
    ("forget", "ADownLite"),
    ("forget", "Nothing"),
    ("data", "shapes", "--out", "shapes"),
    ("data", "check", "shapes/data.yaml"),
    ("data", "check", "nowhere.yaml"),
    ("env", "create", "nothing"),
    ("verify", "made", "--cfg", "nowhere.yaml"),
    ("transplant", "made", "--cfg", "yolo11n-C3k2-DSConv.yaml", "--weights", "wrong.pt", "--out", "out.pt"),
    ("restore", "wrong.pt"),
    ("compare", "wrong.pt"),
    ("adopt", "wrong.pt"),
    ("ablate", "grid.toml", "--dry-run"),
)
FILES = {
    "syntax.py": "class A(:\n",
    "two.py": "import torch.nn as nn\n\n\nclass First(nn.Module):\n    def forward(self, x):\n        return x.cuda()\n"
    "\n\nclass Second(nn.Module):\n    def forward(self, x):\n        return x, x\n",
    "wrong.pt": "no checkpoint",
    "grid.toml": "modle = 3\n",
}
# Not in Chinese: who wrote a paper and what it is called, what Python says of a line, and the line itself.
FOREIGN = re.compile(r".*(?:et al\.|arXiv|doi|\(\w+ \d{4}\)|invalid syntax).*")
# What is quoted, and a command with its arguments.
QUOTED = re.compile(r"`[^`]*`|'[^']*'|\b(?:yolopatch|git|pip|python) [^\n，。；（）]*")
PROSE = re.compile(r"(?<![\w./-])[A-Za-z][a-z']+(?: [a-z][a-z'-]*){2,}")


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    speak(ENGLISH)


@pytest.fixture
def folder(own_catalog, tmp_path, monkeypatch) -> Path:
    """A folder with the files of the scenario, which is the current one."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("COLUMNS", "200")  # no title of a paper on two lines
    write_files()
    return Path.cwd()


def write_files() -> None:
    """Write the files of the scenario into the current folder."""
    for name, text in FILES.items():
        Path(name).write_text(text, encoding="utf-8")


def prose_in(text: str) -> list[str]:
    """Return what of a text is three words or more of English, but for what stays English."""
    lines = (line for line in text.splitlines() if not FOREIGN.fullmatch(line))
    return [found[0] for line in lines for found in PROSE.finditer(QUOTED.sub("", line))]


@pytest.mark.more
def test_every_message_has_a_translation_without_a_fault():
    catalogs = pytest.importorskip("yolopatch.maintain.messages.catalogs")
    assert [*catalogs.faults("zh")] == [], "run: python -m yolopatch.maintain messages, and translate what it names"


@pytest.mark.more
def test_the_catalogs_are_those_of_the_sources():
    catalogs = pytest.importorskip("yolopatch.maintain.messages.catalogs")
    stale = [file.name for file, content in catalogs.po_files("zh").items() if file.read_bytes() != content]
    assert stale == [], "run: python -m yolopatch.maintain messages"
    compiled = catalogs.compiled_files("zh")
    assert [file.name for file, content in compiled.items() if file.read_text(encoding="utf-8") != content] == []


def _filled(message: str, values: dict[str, str]) -> str:
    return "".join(values[name] if name else fixed for fixed, name, _ in parts_of(message))


def _values(message: str) -> dict[str, str]:
    """Return a value for each placeholder: a number, a name, or, right behind another one, an addition in brackets."""
    values, is_behind = {}, False
    for fixed, name, kind in parts_of(message):
        if name and name not in values:
            number = len(values) + 2
            values[name] = f"{number}" if kind == "n" else f" (V{number}v)" if is_behind else f"V{number}v"
        is_behind = bool(name) or (is_behind and not fixed)
    return values


def test_every_message_is_found_again_in_the_text_that_is_made_from_it():
    """A text may be made from two messages, of which one is `{a}, {b}`: few are, and all of them read well."""
    lost = {}
    for _, message, translation in _lines(PATTERNS):
        values = _values(message)
        expected, found = _filled(translation, values), CHINESE.translate(_filled(message, values).strip())
        if _same(expected) != _same(found):
            lost[message] = found
    assert len(lost) <= 15, lost
    assert not [found for found in lost.values() if prose_in(found)]


def test_every_text_without_a_value_is_found_as_it_is():
    lost = {text for text, translation in _lines(TEXTS) if CHINESE.translate(text) != translation}
    assert lost == set()
    assert CHINESE.messages.translation("a text that no message has") is None


@pytest.mark.parametrize(
    "head",
    [
        *(f"{column.head} {column.unit}".strip() for column in (*SIZE, *SPEED, *METRICS, *COCO)),
        *("Size", "Accuracy", "done", "runs", "9.90 to 10.10", "better, p 0.0078", "worse, p 0.0010"),
        "Data of these runs: base shapes.yaml, other shapes.yaml.",
        "Latency and mAP50-95: 1 base: 10, mAP50-95 0.400; 3 other: 12, mAP50-95 0.500",
    ],
)
def test_the_heads_and_cells_of_a_comparison_are_chinese(head):
    """Single words and words with a unit are no sentences that are read from the sources."""
    plain = re.sub(r"mAP\S+|GFLOPs thop|\bAP\S* COCO|\w+\.yaml", "", head)
    assert not re.search("[a-z]{2}", plain) or re.search("[\u4e00-\u9fff]", CHINESE.translate(head))


def _lines(name: str) -> list[list[str]]:
    """Return the fields of each line of a compiled file."""
    lines = Path(compiled_file("zh", name)).read_text(encoding="utf-8").splitlines()
    return [line.replace("↵", "\n").split("\t") for line in lines]


def _same(text: str) -> str:
    """Return a text without what differs between a sign of one language and the same of the other."""
    signs = str.maketrans({"（": "(", "）": ")", "，": ",", "：": ":", "；": ";"})
    return text.translate(signs).replace(" ", "")


@pytest.mark.more
@pytest.mark.usefixtures("folder")
def test_commands_print_no_english_prose(yolopatch, need_pin, monkeypatch):
    need_pin("ultralytics-8.3.0")
    monkeypatch.setenv("YOLOPATCH_LANG", "zh")
    left = {}
    for command in COMMANDS:
        ran = yolopatch(*command)
        assert re.search("[\u4e00-\u9fff]", ran.out + ran.err), command
        if prose := prose_in(ran.out + ran.err):
            left[command] = prose
    assert left == {}


def test_english_prose_is_seen():
    """The test above is worth as much as what it looks with."""
    assert prose_in("错误：the file is missing; 下一步：`run this now again`") == ["the file is missing"]
    assert (
        prose_in("下一步：yolopatch apply --repo ultralytics\n  Chen et al.: Run, Don't walk so fast (CVPR 2023)") == []
    )


def test_every_command_has_its_help_in_chinese(yolopatch):
    left = {}
    inner = (("env", "create"), ("env", "run"), ("data", "shapes"), ("data", "check"))
    for command in ((), *((name,) for name in _COMMANDS), *inner):
        ran = yolopatch(*command, "--help", "--lang", "zh")
        assert ran.code == 0
        assert ran.out.startswith("用法：")
        if prose := prose_in(ran.out):
            left[command] = prose
    assert left == {}


@pytest.mark.more
def test_json_and_exit_codes_are_the_same_in_both_languages(yolopatch, need_pin, folder, monkeypatch):
    need_pin("ultralytics-8.3.0")
    given = {}
    for language in ("en", "zh"):
        # the same path both times, as the answers have it
        shutil.rmtree(folder)
        folder.mkdir()
        monkeypatch.chdir(folder)
        write_files()
        monkeypatch.setenv("YOLOPATCH_LANG", language)
        given[language] = [(command, *_answer(yolopatch(*command, "--json"))) for command in COMMANDS]
    assert given["en"] == given["zh"]
    codes = {code for _, code, _ in given["en"]}
    assert {0, 1, 2} <= codes
    assert all("error" in answer for _, code, answer in given["en"] if code)


def _answer(ran) -> tuple[int, dict]:
    """Return the exit code and the object, without what took time."""
    return ran.code, json.loads(re.sub(r'"(?:seconds|date)": [^,}]+', '"time": 0', ran.out))


@pytest.mark.parametrize(
    "words",
    [
        ("--lang", "zh", "env", "create", "nothing"),
        ("env", "--lang", "zh", "create", "nothing"),
        ("env", "create", "--lang", "zh", "nothing"),
        ("env", "create", "nothing", "--lang=zh"),
        ("--lang=zh", "data", "check", "nowhere.yaml"),
        ("data", "check", "nowhere.yaml", "--lang", "zh"),
        ("--lang", "en", "data", "check", "nowhere.yaml", "--lang", "zh"),
    ],
)
def test_the_language_is_chosen_anywhere_in_the_line(yolopatch, words, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    ran = yolopatch(*words)
    assert ran.code == 2
    assert ran.err.startswith("错误：")


@pytest.mark.parametrize(
    "words",
    [
        ("--lang", "fr", "list"),
        ("list", "--lang", "fr"),
        ("env", "--lang", "fr", "create", "x"),
        ("data", "check", "x", "--lang=fr"),
    ],
)
def test_another_language_is_refused(yolopatch, words):
    ran = yolopatch(*words)
    assert ran.code == 2
    assert "'fr'" in ran.err
    assert ran.out == ""
