"""What inherits from upstream's blocks of attention and changes a part: the part is followed in its place."""

from __future__ import annotations

import pytest

from ..classes import HEAD, decided, refused

UPSTREAM = "from ultralytics.nn.modules.block import {}\n"
PART = """

class Part(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.c = nn.Conv2d({0}, {0}, 1)

    def forward(self, x):
        return self.c(x)
"""
BLOCK = """

class Block(PSABlock):
    def __init__(self, c, attn_ratio=0.5, num_heads=4, shortcut=True):
        super().__init__(c, attn_ratio, num_heads, shortcut)
        self.attn = Part(c)


class X({0}):
    def __init__(self, c1, c2, n=1, e=0.5):
        super().__init__(c1, c2, n{1}, e=e)
        self.m = {2}(*[{3}Block(self.c, num_heads=self.c // 64) for _ in range(n)]{4})
"""
MADE = {
    "C2PSA": BLOCK.format("C2PSA", "", "nn.Sequential", "", ""),
    "C2fPSA": BLOCK.format("C2fPSA", "", "nn.ModuleList", "", "").replace("(*[", "([").replace("])", "])"),
}


def code(base: str, width: str) -> str:
    return f"{HEAD}{UPSTREAM.format(f'{base}, PSABlock')}{PART.format(width)}{MADE[base]}"


@pytest.mark.parametrize("base", MADE)
def test_a_part_that_keeps_its_map_makes_a_psa(base):
    decision = decided(code(base, "dim"), "X")
    assert decision.kind == "psa"


@pytest.mark.parametrize("base", MADE)
def test_a_part_that_fails_is_seen_though_the_forward_is_upstreams(base):
    assert "nn.Conv2d takes 72 channels" in refused(code(base, "72"), symbol="X")


ONE = """

class X(PSA):
    def __init__(self, c1, c2, e=0.5):
        super().__init__(c1, c2, e)
        self.attn = Part(self.c)
"""


def test_the_attention_of_a_psa_is_followed():
    made = f"{HEAD}{UPSTREAM.format('PSA')}{{}}{ONE}"
    assert decided(made.format(PART.format("dim")), "X").kind == "attention"
    assert "nn.Conv2d takes 72 channels" in refused(made.format(PART.format("72")), symbol="X")


WHOLE = """

class X(BottleneckCSP):
    def __init__(self, c1, c2, n=1, shortcut=True, g=1, e=0.5):
        super().__init__(c1, c2, n, shortcut, g, e)
        self.m = nn.Sequential(*(Part(int(c2 * e)) for _ in range(n)))
"""


def test_another_part_of_a_block_that_is_known_as_a_whole_is_not_taken_for_sound():
    made = f"{HEAD}{UPSTREAM.format('BottleneckCSP')}{PART.format('72')}{WHOLE}"
    assert "the forward of upstream's BottleneckCSP with other parts" in decided(made, "X").doubt
