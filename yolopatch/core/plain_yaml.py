"""YAML that somebody else wrote, as plain values: read with limits, and every fault is one kind of exception."""

from __future__ import annotations

import yaml

from yolopatch.core.foreign_signs import find_foreign_sign

_DEEPEST = 100  # lists and mappings inside each other; upstream's files have 4
_LONGEST_NUMBER = 1000  # characters; Python refuses to print a number of more than 4,300 digits
_LINES_BEFORE = 2  # of the line that the parser names: it reads on until nothing can follow any more
# what PyYAML's constructors raise for a date such as 2024-13-01, `!!bool x`, `!!int ""`, `!!timestamp x`
_NO_VALUE = (ValueError, OverflowError, LookupError, AttributeError, TypeError)


class PlainYamlError(Exception):
    """A text cannot be read as plain values.

    Attributes:
        line: counted from 1; None if no line is to blame.
        found: what was found, in words.
        is_syntax: whether the text is no YAML at all; if not, it is more than plain values within the limits.
    """

    def __init__(self, found: str, line: int | None = None, is_syntax: bool = False) -> None:
        super().__init__(found)
        self.found, self.line, self.is_syntax = found, line, is_syntax


def load_plain(text: str, most_characters: int = 256 * 1024, most_values: int = 50_000) -> object:
    """Return the content of the only document of a YAML text; None for an empty one.

    Args:
        text: the file's content. Characters that YAML does not allow are ignored, as upstream does.
        most_characters, most_values: the limits; of values with every alias written out. By default those of a model,
            of which upstream's own have up to 5 KiB and 600 values.

    Raises:
        PlainYamlError: it is no YAML, is over a limit, or has a value that its type does not allow.
    """
    if len(text) > most_characters:
        raise PlainYamlError(f"a text of {len(text):,} characters")
    try:
        return _load(yaml.reader.Reader.NON_PRINTABLE.sub("", text), most_values)
    except yaml.YAMLError as error:
        raise _no_yaml(text, error) from error


def _no_yaml(text: str, error: yaml.YAMLError) -> PlainYamlError:
    """Return what is wrong: a sign of another keyboard there, if one is; else what the parser says."""
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        first = max(mark.line - _LINES_BEFORE, 0)
        sign = find_foreign_sign(text.split("\n")[first : mark.line + 1], first + 1)
        if sign is not None:
            return PlainYamlError(str(sign), sign.line, is_syntax=True)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return PlainYamlError(problem, mark.line + 1 if mark else None, is_syntax=True)


def _load(text: str, most_values: int) -> object:
    _refuse_deep(text, most_values)
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        # a merge key copies what its aliases stand for: a few lines could fill the memory
        if _size(node, {}, most_values) > most_values:
            raise _too_many(most_values)
        return loader.construct_document(node)
    except _NO_VALUE as error:
        raise PlainYamlError(f"a value that its type does not allow: {error}") from error
    finally:
        loader.dispose()


def _refuse_deep(text: str, most_values: int) -> None:
    """Refuse too many, too deep or too long values event by event, before anything is built of them."""
    depth = values = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.NodeEvent):
            values += 1
            depth += isinstance(event, yaml.CollectionStartEvent)
        if depth > _DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else None
            raise PlainYamlError(f"lists in lists, too deep to read: more than {_DEEPEST}", line)
        if values > most_values:
            raise _too_many(most_values)


def _too_many(most_values: int) -> PlainYamlError:
    return PlainYamlError(f"more than {most_values:,} values, aliases included")


def _size(node: yaml.Node, known: dict[int, int], most: int) -> int:
    """Return the number of nodes with every alias written out; above the limit for a node inside itself."""
    if id(node) not in known:
        known[id(node)] = most + 1  # while its parts are counted: it may be inside itself
        known[id(node)] = 1 + sum(_size(child, known, most) for child in _parts(node))
    return known[id(node)]


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if node.tag.endswith(":int") and len(node.value) > _LONGEST_NUMBER:
        raise PlainYamlError(f"a number of {len(node.value):,} characters", node.start_mark.line + 1)
    return []
