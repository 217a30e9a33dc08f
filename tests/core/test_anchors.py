"""The places for our lines, found in the syntax tree: however the lines around them read, and nowhere else."""

from __future__ import annotations

import pytest

from yolopatch.core.code.anchors import AnchorNotFound, at_entry, below_import, chain_of, first_in_fuse

PARSER = """\
from a.modules import (  # what models are made of
    Conv,

    Detect)

class Model:
    def fuse(self, verbose=True, imgsz=640):
        # for m in self.model.modules():
        skip = ()
        if not self.is_fused():
            for m in self.model.modules():  # each
                if isinstance(m, skip):
                    continue
        return self


def parse_model(d, ch, verbose=True):
    base = frozenset({Conv})
    for i, (f, n, m, args) in enumerate(d["backbone"] + d["head"]):
        m = globals()[m]
        if m in base:
            c2 = 1
            if m is Conv:
                c2 = 2
            elif m in base:
                c2 = 3
        elif m is Other:  # whatever it is
            c2 = 4
        else:
            c2 = 5
"""


def _line(text: str, at: int) -> str:
    return text.splitlines()[at].strip()


def test_below_an_import_of_several_lines():
    anchor = below_import("p.py", PARSER, "a.modules")
    assert (anchor.at, anchor.margin) == (4, "")


def test_an_import_inside_a_function_keeps_its_margin():
    text = "from a import b\n\ndef f():\n    from a import c\n"
    assert below_import("p.py", text, "a", "c") == below_import("p.py", text.replace("from a import b", "b"), "a")
    assert below_import("p.py", text, "a", "c").margin == "    "


def test_before_all_that_fuse_does_with_a_module():
    anchor = first_in_fuse("p.py", PARSER)
    assert _line(PARSER, anchor.at) == "if isinstance(m, skip):"
    assert anchor.margin == " " * 16


def test_after_the_branch_for_convolutions_and_no_test_inside_it():
    chain = chain_of("p.py", PARSER)
    assert _line(PARSER, chain.anchor.at) == "elif m is Other:  # whatever it is"
    assert chain.anchor.margin == " " * 8


@pytest.mark.parametrize("value", ["1,", "1,  # why", "{\n        'a': 1,\n    },"])
def test_below_an_entry_and_all_of_its_value(value):
    text = f"x = {{\n    'version': {value}\n    'é': 2,\n}}\n"
    anchor = at_entry("p.py", text, ("docs", "version"))
    assert _line(text, anchor.at) == "'é': 2,"
    assert anchor.margin == "    "


@pytest.mark.parametrize("end", ["1}", "1\n}", "1, 'é': 2}"])
def test_above_an_entry_that_no_comma_ends(end):
    text = f"x = {{\n    'date': 0,\n    'version': {end}\n"
    anchor = at_entry("p.py", text, ("docs", "version"))
    assert _line(text, anchor.at).startswith("'version': 1")
    assert anchor.margin == "    "


def test_the_first_key_that_is_there_counts():
    text = "x = {\n    'version': 1,\n    'docs': 2,\n}\n"
    assert at_entry("p.py", text, ("docs", "version")).at == 3


WITHOUT = {
    "no such import": (lambda: below_import("p.py", PARSER, "a.b"), "below `from a.b import ...`", "none"),
    "two imports": (lambda: below_import("p.py", "from a import b\n" * 2, "a"), "below `from a import ...`", "2"),
    "no fuse": (lambda: first_in_fuse("p.py", "def f(): pass\n"), "the loop `for m in", "none"),
    "two loops": (lambda: first_in_fuse("p.py", PARSER + PARSER), "the loop `for m in", "2"),
    "no parser": (lambda: chain_of("p.py", "x = 1\n"), "the function parse_model", "none"),
    "no chain": (lambda: chain_of("p.py", PARSER.replace("if m in base:", "if m == 1:")), "the chain `if m in", "none"),
    "no elif": (lambda: chain_of("p.py", PARSER.replace("elif m is Other:", "if m is Other:")), "tests on m", "none"),
    "no key": (lambda: at_entry("p.py", "x = {**y}\n", ("a", "b")), "with the key 'a' or 'b'", "none"),
    "one line": (lambda: at_entry("p.py", "x = {'a': 1, 'b': 2}\n", ("a",)), "the key 'a'", ", 'b': 2}"),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_a_place_that_is_not_there_is_told(name):
    look, contract, found = WITHOUT[name]
    with pytest.raises(AnchorNotFound, match=r"^p\.py") as caught:
        look()
    assert contract in caught.value.contract
    assert caught.value.found == found
