"""`make recording`: record the README's terminal, in which `verify` finds a post's dead RefConv."""

from __future__ import annotations

from pathlib import Path

from yolopatch.catalog.pins import PINS
from yolopatch.maintain.recording.drawing import draw
from yolopatch.maintain.recording.film import cut
from yolopatch.maintain.recording.session import record
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.source.store import cache_dir, pristine

# PyPI: with its source, the commit id is the same for everybody who types this
_PIN, _SOURCE = "ultralytics-8.4.0", "pypi"
COMMANDS = (
    "yolopatch apply --repo ultralytics --module RefConv --flavor tutorial --source pypi --dest demo",
    "yolopatch render-cfg --module RefConv --flavor tutorial --model yolo26 --scale n --out demo",
    "yolopatch verify demo --cfg yolo26n-RefConv.yaml",
)
COLUMNS, _ROWS = 98, 26
_LOCALES = {"en": "en_US.UTF-8", "zh": "zh_CN.UTF-8"}
LANGUAGES = tuple(_LOCALES)


def file_name(language: str) -> str:
    """Return the name of the recording in a language, as the site names what belongs to a page in Chinese."""
    return "recording.svg" if language == "en" else f"recording.{language}.svg"


def write_recording(language: str, folder: Path) -> Path:
    """Run the commands with the locale of a language, and write the recording; returns its file."""
    with pristine(PINS[_PIN], _SOURCE, cache_dir()):
        pass  # what is fetched is in the cache now: a recording shows no download
    with temporary_folder() as place:
        session = [record(line, place, COLUMNS, _ROWS, _LOCALES[language]) for line in COMMANDS]
    file = folder / file_name(language)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(draw(cut(session, COLUMNS), COLUMNS, _ROWS, "; ".join(COMMANDS)), encoding="utf-8")
    return file
