"""What parse_model does with one class: every test on `m` resolved, everything else as it is written."""

from __future__ import annotations

import ast

import pytest

from yolopatch.core.code.anchors import chain_of
from yolopatch.core.code.parser_branch import Dialect, read_dialect, takes, treatment

PARSER = """\
def parse_model(d):
    base = frozenset({Conv, Block, torch.nn.Identity})
    for m in d:
        if m in base:
%s
        elif m is Other:
            pass
"""


def _parser(*lines: str) -> str:
    return PARSER % "\n".join(f"            {line}" for line in lines)


def _done(name: str, *lines: str) -> list[str]:
    return [ast.unparse(node) for node in treatment(chain_of("p", _parser(*lines)), name)]


@pytest.mark.parametrize(
    ("test", "name", "expected"),
    [
        ("m is Block", "Block", ["x = 1"]),
        ("m is Block", "Conv", []),
        ("m is not Block", "Conv", ["x = 1"]),
        ("m in base", "Conv", ["x = 1"]),
        ("m in {Conv, C3}", "Block", []),
        ("m not in (Conv, C3)", "Block", ["x = 1"]),
        ("m in frozenset({Block})", "Block", ["x = 1"]),
        ("m is Block and scale in 'mlx'", "Block", ["if scale in 'mlx':\n    x = 1"]),
        ("m is Block and scale in 'mlx'", "Conv", []),
        ("m is Block or m is Conv", "Conv", ["x = 1"]),
        ("m is Block or wide", "Conv", ["if wide:\n    x = 1"]),
        ("not m is Block", "Conv", ["x = 1"]),
        ("m in unknown", "Conv", ["if m in unknown:\n    x = 1"]),
        ("c2 != nc", "Conv", ["if c2 != nc:\n    x = 1"]),
    ],
)
def test_a_test_on_m_is_resolved_and_others_stay(test, name, expected):
    assert _done(name, f"if {test}:", "    x = 1") == expected


def test_the_other_side_of_a_test_counts_too():
    assert _done("Conv", "if m is Block:", "    x = 1", "elif m is Conv:", "    x = 2", "else:", "    x = 3") == [
        "x = 2"
    ]


def test_a_test_inside_another_is_resolved():
    assert _done("Conv", "if wide:", "    if m is Block:", "        x = 1", "    y = 1") == ["if wide:\n    y = 1"]


def test_who_is_in_the_first_branch():
    chain = chain_of("p", _parser("pass"))
    assert [takes(chain, name) for name in ("Conv", "torch.nn.Identity", "Other")] == [True, True, False]


GUARDED = ("if c2 != nc:", "    c2 = f(c2)")
ALWAYS = ("if m is not Classify:", "    c2 = f(c2)")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (GUARDED, Dialect()),
        (ALWAYS, Dialect(guard="")),
        ((*GUARDED, "if m is Block:", "    legacy = False"), Dialect(legacy=True)),
        ((*GUARDED, "if m is Conv:", "    legacy = False"), Dialect()),
        (
            (*ALWAYS, "if m is Block:", '    if scale in {"m", "l"}:', "        args[3:4] = [True]"),
            Dialect(guard="", large='scale in {"m", "l"}', c3k="args[3:4] = [True]"),
        ),
    ],
)
def test_what_releases_write_differently_is_read(lines, expected):
    assert read_dialect("p", _parser(*lines), "Block") == expected
