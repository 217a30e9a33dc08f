"""Use what a post's own YAML says of its class: where it stands, and with which arguments."""

from __future__ import annotations

from yolopatch.catalog.kinds import ATTENTION
from yolopatch.core.paste.deciding import Decision
from yolopatch.core.paste.text.tail import stated_order, stated_rows
from yolopatch.wire import arguments as by

# what a branch puts before a row's values, and the value of a constructor that it is
_CHANNELS = {"ch[f]": by.INPUTS, "c1": by.INPUTS, "c2": by.OUTPUTS, "args[0]": by.OUTPUTS}


def stated_placement(decision: Decision, tail: str) -> str:
    """Return the placement that the rows of a post's YAML state, as `--placement` has it; "" if they state none.

    Only rows of the backbone count, whose layers all families number alike, and only those of an attention, which no
    family's own layers have to fit.
    """
    rows = stated_rows(tail, decision.symbol)
    if decision.kind != ATTENTION or not rows or not all(row.in_backbone and row.layer > row.before for row in rows):
        return ""
    return ",".join(dict.fromkeys(f"+{row.layer - row.before - 1}" for row in rows))


def stated_arguments(tail: str, symbol: str) -> str | None:
    """Return the arguments that the post's branch and row give to a class, as `--args` has them; None if they do not.

    All rows of the class have to agree, and what the branch puts before a row's values has to be channels.
    """
    rows, order = stated_rows(tail, symbol), stated_order(tail, symbol)
    if order is None or not rows or len({repr(row.args) for row in rows}) != 1 or rows[0].args is None:
        return None
    before = [_CHANNELS.get(one) for one in order.before]
    if None in before or len(rows[0].args) <= order.skipped:
        return None
    return ", ".join([*map(str, before), *map(repr, rows[0].args[order.skipped :])])
