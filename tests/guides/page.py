"""What a reader does with a Markdown page: the files to save, and the commands to type, in their order.

A page says everything in a form that is read well without the tests:

- a fence of ```console has commands after `$ `, and below each of them what it prints. A command whose line ends with
  `\\` goes on in the next one. A line `...` stands for lines that were left out, `...` in a line for any text there.
- any fence with `title="NAME"` is a file to save under this name.

Comments, which nobody sees, say the rest, each in a line before the fence that it is about:

    <!-- given: NAME -->        the reader has this file or folder already; the test puts it there
    <!-- exit 4 -->             the last command of the fence ends with this code, and not with 0
    <!-- varies: REGEX -->      what differs between machines; commit ids, seconds and the kind of source always may
    <!-- with network -->       these commands need a network; all others run without one
    <!-- not run: REASON -->    no test can run these commands
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"(?P<margin> *)(?P<ticks>`{3,}|~{3,})(?P<language>\w*)(?P<options>.*)")
_TITLE = re.compile(r'title="([^"]+)"')
_NOTE = re.compile(r"<!-- (given|exit|varies|with network|not run):? ?(.*?) ?-->")


@dataclass(frozen=True)
class Given:
    """A file or folder that the reader of the page has already."""

    name: str


@dataclass(frozen=True)
class Saved:
    """A file that the page prints, to be saved."""

    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command of the page, and what the page shows of its output."""

    line: int
    text: str
    shown: tuple[str, ...]
    code: int = 0
    varies: tuple[str, ...] = ()
    with_network: bool = False
    not_run: str | None = None


Step = Given | Saved | Command


@dataclass
class _Fence:
    """A fence that is being read, with the notes before it."""

    line: int
    opening: re.Match[str]
    notes: dict[str, list[str]]
    body: list[str] = field(default_factory=list)

    def closes(self, line: str) -> bool:
        ticks = self.opening["ticks"]
        return line.strip().startswith(ticks) and not line.strip().strip(ticks[0])

    def steps(self) -> list[Step]:
        title = _TITLE.search(self.opening["options"])
        if title:
            return [Saved(title[1], "".join(f"{line}\n" for line in self.body))]
        return list(self._commands()) if self.opening["language"] == "console" else []

    def _commands(self) -> list[Command]:
        found: list[tuple[int, list[str], list[str]]] = []
        for number, line in enumerate(self.body, self.line + 1):
            if line.startswith("$ "):
                found.append((number, [line.removeprefix("$ ")], []))
                continue
            assert found, f"line {number}: output before the first command"
            _, text, shown = found[-1]
            (text if not shown and text[-1].endswith("\\") else shown).append(line)
        return [
            Command(
                number,
                "\n".join(text),
                tuple(shown),
                int(self.notes["exit"][0]) if "exit" in self.notes and number == found[-1][0] else 0,
                tuple(self.notes.get("varies", ())),
                "with network" in self.notes,
                self.notes["not run"][0] if "not run" in self.notes else None,
            )
            for number, text, shown in found
        ]


def read_page(file: Path) -> tuple[Step, ...]:
    """Read what a page tells its reader to do."""
    steps: list[Step] = []
    notes: dict[str, list[str]] = {}
    fence: _Fence | None = None
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if fence is None:
            if note := _NOTE.fullmatch(line.strip()):
                if note[1] == "given":
                    steps.append(Given(note[2]))
                else:
                    notes.setdefault(note[1], []).append(note[2])
            elif opening := _FENCE.fullmatch(line):
                fence, notes = _Fence(number, opening, notes), {}
        elif fence.closes(line):
            steps += fence.steps()
            fence = None
        else:
            fence.body.append(line.removeprefix(fence.opening["margin"]))
    assert fence is None, f"{file}: the fence of line {fence.line} has no end"
    assert not notes, f"{file}: no fence comes after the notes {notes}"
    return tuple(steps)


def commands_of(file: Path) -> list[Command]:
    """Return the commands of a page."""
    return [step for step in read_page(file) if isinstance(step, Command)]
