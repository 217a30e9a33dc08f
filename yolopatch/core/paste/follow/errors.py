"""How following code ends early. None of these reaches a user: `trial.py` makes an outcome of them."""

from __future__ import annotations


class Fails(Exception):
    """The code raises here, with certainty; `name` is what it raises."""

    def __init__(self, why: str, name: str = "RuntimeError") -> None:
        super().__init__(why)
        self.why = why
        self.name = name
        self.line = 0


class Unset(Fails):
    """The code raises here, unless the environment has a variable: a computer may have it."""


class Ungiven(Fails):
    """The code raises here: it takes something by its name out of `**kwargs` that nobody gave."""

    def __init__(self, name: str) -> None:
        super().__init__(f"nothing gives {name}", "KeyError")
        self.wanted = name


class Open(Exception):
    """The code cannot be followed from here on."""

    def __init__(self, what: str, line: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.line = line
