"""The code of a node, as it is written."""

from __future__ import annotations

import ast

from yolopatch.core.syntax import source_of
from yolopatch.core.text import split_lines

TEXT = """x = '卷积'; y = [1,
    2]; z = f(x)
def f(a):
    return a  # é
w = 'end'"""


def test_the_code_of_each_statement_is_what_python_gives():
    lines = split_lines(TEXT)
    for node in ast.parse(TEXT).body:
        assert source_of(lines, node) == ast.get_source_segment(TEXT, node)


def test_the_code_of_each_expression_is_what_python_gives():
    lines = split_lines(TEXT)
    for node in ast.walk(ast.parse(TEXT)):
        if isinstance(node, ast.expr):
            assert source_of(lines, node) == ast.get_source_segment(TEXT, node)
