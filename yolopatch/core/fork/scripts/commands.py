"""The command lines in the shell scripts, notebooks and texts of a fork that start a training or a validation."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SHELL = (".sh", ".bat")
TEXTS = (".md", ".txt", ".ipynb")
MODES = ("train", "tune", "val")
_STARTS = re.compile(
    r"^(?:[$>!%]\s*)?(?:(?:set|export)\s+)?(?:\w+=\S*\s+)*(?:(?:nohup|sudo|call|time)\s+)?"
    r"(?P<program>yolo|(?:\S*/)?python[\d.]*|torchrun|accelerate)\s+(?P<rest>\S.*)"
)
_INLINE = re.compile(r"`([^`\n]+)`")
_ENDS = {"&&", "||", ";", "|", "&", ">", ">>", "2>&1", "2>", "<"}  # what follows is no word of the command
_WORDS = {"none": None, "true": True, "false": False}  # as upstream reads them


@dataclass(frozen=True)
class Word:
    """A word of a command, and the line that it stands in; 0 where it is unknown."""

    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """A command that may start a training.

    Attributes:
        path: the file that has it.
        program: `yolo`, or what runs a script.
        words: what follows.
    """

    path: str
    program: str
    words: tuple[Word, ...]

    @property
    def script(self) -> str:
        """The script that it runs, "" for none."""
        return next((one.text for one in self.words if one.text.endswith(".py")), "")

    @property
    def options(self) -> tuple[Word, ...]:
        """What follows the script."""
        place = next((n for n, one in enumerate(self.words) if one.text.endswith(".py")), len(self.words))
        return self.words[place + 1 :]

    @property
    def files(self) -> tuple[str, ...]:
        """The YAMLs that it names."""
        named = (re.split(r"[=,]", one.text)[-1].strip("'\"") for one in self.words)
        return tuple(one for one in named if one.endswith((".yaml", ".yml")))


def commands(path: str, text: str) -> Iterator[Command]:
    """Yield the commands of a shell script, a notebook or a text: on lines of their own, and in a text's `code`."""
    is_numbered = not path.endswith(".ipynb")
    for lines in _joined(_lines_of_notebook(text) if path.endswith(".ipynb") else text.splitlines()):
        found = _command(path, lines)
        if found is None and not path.endswith(SHELL):
            spans = [span for _, line in lines for span in _INLINE.findall(line)]
            yield from filter(None, (_command(path, [(lines[0][0], span)]) for span in spans))
        elif found is not None:
            yield found if is_numbered else _unnumbered(found)


def _unnumbered(found: Command) -> Command:
    return Command(found.path, found.program, tuple(Word(one.text, 0) for one in found.words))


def _lines_of_notebook(text: str) -> list[str]:
    try:
        cells = json.loads(text)["cells"]
        return [line for cell in cells for line in "".join(cell["source"]).splitlines()]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []


def _joined(lines: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
    """Yield the lines that are one for a shell, with their numbers and without the signs that join them."""
    parts: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        plain = line.rstrip()
        goes_on = plain.endswith(("\\", "^"))
        parts.append((number, plain[:-1] if goes_on else plain))
        if not goes_on:
            yield parts
            parts = []
    if parts:
        yield parts


def _command(path: str, lines: Sequence[tuple[int, str]]) -> Command | None:
    """Return the command that some lines are; None where they are none."""
    first = _STARTS.match(lines[0][1].strip())
    if first is None:
        return None
    try:
        words = [word for number, line in [(lines[0][0], first["rest"]), *lines[1:]] for word in _words(line, number)]
    except ValueError:  # quotes that nothing closes
        return None
    end = next((n for n, one in enumerate(words) if one.text in _ENDS), len(words))
    program = first["program"].rpartition("/")[2]
    return Command(path, program, tuple(words[:end]))


def _words(line: str, number: int) -> Iterator[Word]:
    yield from (Word(one, number) for one in shlex.split(line.replace("\\", "/"), comments=True))


def of_yolo(command: Command) -> tuple[str, dict[str, Word]]:
    """Return what a command of `yolo` starts, and its settings: `train`, and `epochs` with `3`; ("", {}) for others."""
    pairs = {key.lstrip("-"): Word(value, one.line) for one in command.words for key, value in _pair(one.text)}
    said = [one.text for one in command.words if "=" not in one.text]
    mode = next((one for one in said if one in MODES), pairs["mode"].text if "mode" in pairs else "")
    return (mode, pairs) if command.program == "yolo" and mode in MODES else ("", {})


def _pair(text: str) -> Iterator[tuple[str, str]]:
    key, sign, value = text.partition("=")
    if sign and value:
        yield key, value.rstrip(",")


@dataclass(frozen=True)
class Option:
    """An option of a script's command line.

    Attributes:
        dest: the name that the script has for its value.
        names: as a user writes them, with their lines.
        stored: what it is where it takes no value; None where it takes one.
    """

    dest: str
    names: tuple[str, ...]
    stored: bool | None


def options_of(calls: Sequence[ast.Call]) -> Iterator[Option]:
    """Yield the options that a script declares."""
    for call in calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument":
            given = {one.arg: one.value for one in call.keywords if one.arg}
            texts = [one.value for one in call.args if isinstance(one, ast.Constant)]
            names = tuple(one for one in texts if isinstance(one, str) and one.startswith("-"))
            long = next((one for one in names if one.startswith("--")), next(iter(names), "")).lstrip("-")
            action, dest = _text(given.get("action")), _text(given.get("dest")) or long.replace("-", "_")
            if names:
                yield Option(dest, names, {"store_true": True, "store_false": False}.get(action))


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def given_to(options: Sequence[Option], command: Command) -> dict[str, tuple[object, int]]:
    """Return what a command gives to the options of its script, with its lines, by the names that the script has."""
    found: dict[str, tuple[object, int]] = {}
    words = list(command.options)
    for place, word in enumerate(words):
        name, sign, value = word.text.partition("=")
        option = _meant(options, name) if name.startswith("-") else None
        if option is None:
            continue
        following = words[place + 1].text if place + 1 < len(words) else "-"
        if option.stored is not None:
            found[option.dest] = (option.stored, word.line)
        elif sign:
            found[option.dest] = (value_of(value), word.line)
        elif not following.startswith("--") and not (following.startswith("-") and _meant(options, following)):
            found[option.dest] = (value_of(following), word.line)
    return found


def _meant(options: Sequence[Option], name: str) -> Option | None:
    """Return the option of a name, or the only one whose name begins so, as argparse takes it."""
    exact = [one for one in options if name in one.names]
    begun = [one for one in options if any(known.startswith(name) for known in one.names)]
    found = exact or (begun if name.startswith("--") else [])
    return found[0] if len(found) == 1 else None


def value_of(text: str) -> object:
    """Return the value that upstream reads from a word."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text
    return value
