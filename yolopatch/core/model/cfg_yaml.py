"""Read the YAML document of a model as upstream does, and refuse anything else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import yaml

from yolopatch.errors import UsageError

# Upstream's files have up to 5 KiB and 600 nodes.
_MOST_CHARACTERS = 256 * 1024
_MOST_NODES = 50_000


def load_mapping(text: str, path: PurePath) -> Mapping[str, Any]:
    """Return the values of a model YAML by key; for a repeated key the last value.

    Args:
        text: the file's content.
        path: its name, for messages.

    Raises:
        UsageError: it is not YAML, not a mapping, or much larger than a model.
    """
    if len(text) > _MOST_CHARACTERS:
        raise _no_model(path, f"a text of {len(text):,} characters")
    # upstream removes these, too, and builds the file
    text = yaml.reader.Reader.NON_PRINTABLE.sub("", text)
    try:
        content = _load(text, path)
    except yaml.YAMLError as error:
        raise _no_yaml(path, error) from error
    except (ValueError, OverflowError) as error:  # an impossible date or number, such as 2024-13-01
        raise _no_model(path, str(error)) from error
    except RecursionError as error:
        raise _no_model(path, "lists in lists, too deep to read") from error
    if not isinstance(content, dict):
        raise _no_model(path, "an empty file" if content is None else f"a {type(content).__name__}")
    return content


def _load(text: str, path: PurePath) -> object:
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        # a merge key copies what its aliases stand for: a few lines could fill the memory
        if _size(node, {}) > _MOST_NODES:
            raise _no_model(path, f"more than {_MOST_NODES:,} values, aliases included")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Return the number of nodes with every alias written out; above the limit for a node inside itself."""
    if id(node) not in known:
        known[id(node)] = _MOST_NODES + 1  # while its parts are counted: it may be inside itself
        known[id(node)] = 1 + sum(_size(child, known) for child in _parts(node))
    return known[id(node)]


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _no_yaml(path: PurePath, error: yaml.YAMLError) -> UsageError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return UsageError(
        f"{path}, line {mark.line + 1} is not YAML" if mark else f"{path} is not YAML",
        details=["expected: a model's YAML, indented with spaces", f"found:    {problem}"],
        hint="correct the line, or write a file with yolopatch render-cfg",
    )


def _no_model(path: PurePath, found: str) -> UsageError:
    return UsageError(
        f"{path} is not a model YAML",
        details=["expected: nc, backbone and head, each with its value", f"found:    {found}"],
        hint="write one with yolopatch render-cfg",
    )
