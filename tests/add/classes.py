"""Classes as posts have them, made of a few lines; what is decided about them, and how they are refused."""

from __future__ import annotations

import pytest

from yolopatch.core.paste.deciding import Decision, decide
from yolopatch.core.paste.reading import choose_class, read_paste
from yolopatch.errors import UsageError

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"


def text(arguments: str, made: str, forward: str, takes: str = "x") -> str:
    """Give the text of a class X; several lines are indented."""

    def indented(code: str) -> str:
        return "".join(f"        {line}\n" for line in code.split("\n"))

    given = f", {arguments}" if arguments else ""
    return (
        f"{HEAD}class X(nn.Module):\n    def __init__(self{given}):\n        super().__init__()\n{indented(made)}\n"
        f"    def forward(self, {takes}):\n{indented(forward)}"
    )


def decided(code: str, symbol: str | None = None, **asked) -> Decision:
    found = read_paste(code.encode(), "pasted.py")
    return decide(found, choose_class(found, symbol), **asked)


def given(decision: Decision) -> dict[str, str]:
    return {one.argument: one.value for one in decision.given}


def refused(code: str, error: type[UsageError] = UsageError, **asked) -> str:
    """Give all that the refusal of a class says."""
    with pytest.raises(error) as caught:
        decided(code, **asked)
    return "\n".join([caught.value.what, *caught.value.details, caught.value.hint])
