"""The parts of a YAML file that a fork changed: settings, rows of a model, and everything else by its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import yaml

from yolopatch.core.fork.changes import ADDED, ARCHITECTURE, CHANGED, REMOVED, Part
from yolopatch.core.fork.difference.code.sentences import named, narrowed
from yolopatch.core.fork.reach import Reach, module_names
from yolopatch.core.plain_yaml import load_plain

_ROWS = ("backbone", "neck", "head")
_LONGEST = 80  # characters of a value

Areas = Callable[[str], tuple[tuple[str, ...], bool]]


@dataclass(frozen=True)
class YamlText:
    """A YAML file: its values, and the lines of its keys and rows.

    Attributes:
        values: its content; a file that is no mapping has none.
        lines: of each key and each row, by its keys: `("box",)`, `("backbone", 3)`.
    """

    values: Mapping[str, object]
    lines: Mapping[tuple[str | int, ...], int]

    def renamed(self, names: Mapping[str, str]) -> YamlText:
        """Return the file with the new names of what was renamed."""
        return YamlText({key: _renamed(value, names) for key, value in self.values.items()}, self.lines)

    @property
    def is_model(self) -> bool:
        """Whether it has the rows of a model."""
        return any(isinstance(self.values.get(part), list) for part in _ROWS)

    def line(self, *keys: str | int) -> int:
        """Return the line of a key or row; of a key inside it if it has none itself."""
        return next((self.lines[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in self.lines), 1)


def read_yaml(text: str) -> YamlText:
    """Read a YAML file.

    Raises:
        PlainYamlError: it is no YAML, or over a limit.
    """
    content = load_plain(text)
    if not isinstance(content, dict):
        return YamlText({}, {})
    node = yaml.compose(yaml.reader.Reader.NON_PRINTABLE.sub("", text), Loader=yaml.SafeLoader)
    return YamlText({str(key): value for key, value in content.items()}, dict(_lines(node, ())))


def _renamed(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    if isinstance(value, dict):
        return {key: _renamed(inner, names) for key, inner in value.items()}
    return names.get(value, value) if isinstance(value, str) else value


def yaml_parts(old: YamlText, new: YamlText, areas: Areas, used: bool) -> Iterator[Part]:
    """Yield what differs between two versions of a file.

    Args:
        areas: returns what a key affects, and whether anything reads it.
        used: whether anything reads the file.
    """
    for key in dict.fromkeys([*new.values, *old.values]):
        before, after = old.values.get(key), new.values.get(key)
        if key in old.values and key in new.values and _same(before, after):
            continue
        if not new.is_model and _is_the_same_number(before, after):
            continue
        affects, read = areas(key)
        for name, line, kind, what in _told(key, old, new):
            yield Part(name, line, kind, affects, what, used and read)


def new_model(path: str, text: YamlText, is_known: Callable[[str], bool], reach: Reach | None) -> Part:
    """Return the part for a model that the release does not have.

    Args:
        is_known: tells whether the release has a module of this name.
    """
    names = list(dict.fromkeys(module_names(dict(text.values))))
    rows = sum(len(part) for part in map(text.values.get, _ROWS) if isinstance(part, list))
    others = [name for name in names if not is_known(name)]
    named = ", ".join(f"`{name}`" for name in others)
    what = (
        f"a model of {rows} rows, with {named}" if others else f"a model of {rows} rows, of the release's own modules"
    )
    used = reach is None or path in reach.cfgs
    return Part(path.rpartition("/")[2], 1, ADDED, (ARCHITECTURE,), what, used)


def new_yaml(path: str, text: YamlText, areas: tuple[str, ...], used: bool) -> Part:
    """Return the part for any other YAML that the release does not have."""
    keys = list(text.values)
    what = f"new, with {named(keys)}" if keys else "new, without keys"
    return Part(path.rpartition("/")[2], 1, ADDED, areas, what, used)


def _told(key: str, old: YamlText, new: YamlText) -> Iterator[tuple[str, int, str, str]]:
    if key not in old.values:
        yield key, new.line(key), ADDED, f"new: `{key}` is `{shown(new.values[key])}`"
    elif key not in new.values:
        yield key, old.line(key), REMOVED, f"`{key}` is removed; it was `{shown(old.values[key])}`"
    else:
        yield from _differing(key, old, new)


def _differing(key: str, old: YamlText, new: YamlText) -> Iterator[tuple[str, int, str, str]]:
    before, after = old.values[key], new.values[key]
    if key in _ROWS and isinstance(before, list) and isinstance(after, list):
        yield from _rows(key, before, after, old, new)
    elif isinstance(before, dict) and isinstance(after, dict):
        yield from _entries(key, before, after, old, new)
    else:
        yield key, new.line(key), CHANGED, f"`{key}` {differing(before, after)}"


def _entries(
    key: str, before: dict[object, object], after: dict[object, object], old: YamlText, new: YamlText
) -> Iterator[tuple[str, int, str, str]]:
    pairs = [one for one in dict.fromkeys([*after, *before]) if not (one in before and one in after)]
    pairs += [one for one in after if one in before and not _same(before[one], after[one])]
    if len(pairs) > 12:
        yield key, new.line(key), CHANGED, f"`{key}` has {len(after)} entries, not {len(before)}; {len(pairs)} differ"
        return
    for one in pairs:
        name = f"{key}.{one}"
        if one not in before:
            yield name, new.line(key, str(one)), ADDED, f"new: `{name}` is `{shown(after[one])}`"
        elif one not in after:
            yield name, old.line(key, str(one)), REMOVED, f"`{name}` is removed; it was `{shown(before[one])}`"
        else:
            what = f"`{name}` is `{shown(after[one])}`, not `{shown(before[one])}`"
            yield name, new.line(key, str(one)), CHANGED, what


def _rows(
    key: str, before: Sequence[object], after: Sequence[object], old: YamlText, new: YamlText
) -> Iterator[tuple[str, int, str, str]]:
    texts = [[_written(row) for row in rows] for rows in (before, after)]
    for tag, a, a_end, b, b_end in SequenceMatcher(None, texts[0], texts[1], autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        common = min(a_end - a, b_end - b)
        for n in range(common):
            what = f"row {b + n} is `{shown(after[b + n])}`, not `{shown(before[a + n])}`"
            yield f"{key}[{b + n}]", new.line(key, b + n), CHANGED, what
        for n in range(b + common, b_end):
            yield f"{key}[{n}]", new.line(key, n), ADDED, f"new row {n}: `{shown(after[n])}`"
        for n in range(a + common, a_end):
            yield f"{key}[{n}]", old.line(key, n), REMOVED, f"row {n} of the release is removed: `{shown(before[n])}`"


def shown(value: object) -> str:
    """Return a value as a YAML shows it in one line, shortened if it is long."""
    text = " ".join(_written(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def differing(before: object, after: object) -> str:
    """Return how one value is not another one: "is `9.0`, not `7.5`"."""
    old, new = (" ".join(_written(value).split()) for value in (before, after))
    if max(len(old), len(new)) > _LONGEST:
        new, old = narrowed(new, old)
    return f"is `{new}`, not `{old}`"


def _written(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(inner)}" for key, inner in value.items()) + "}"
    return str(value)


def _is_the_same_number(old: object, new: object) -> bool:
    """Tell whether a setting has the same number without its point: upstream takes 1 for 1.0, but not 1.0 for 1."""
    return type(old) is float and type(new) is int and old == new


def _same(old: object, new: object) -> bool:
    return type(old) is type(new) and repr(old) == repr(new)


def _lines(node: yaml.Node | None, keys: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Yield the line of each key, and of what is in it, two levels deep."""
    if len(keys) > 1 or node is None:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*keys, str(key.value))
            yield here, key.start_mark.line + 1
            yield from _lines(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*keys, number), value.start_mark.line + 1
