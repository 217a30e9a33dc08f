"""Rows of model YAMLs: which row of a file stands for which row of its base, and which file is its base."""

from dataclasses import dataclass

_GAP = -1.0  # a row that only one file has
_EQUAL, _SAME_MODULE, _SAME_ARGUMENTS, _OTHER = 3.0, 2.0, 2.0, 0.1


@dataclass(frozen=True)
class Row:
    """One layer as a YAML writes it: `sources` are the layers that feed it, absolute from 0 (-1: the image)."""

    index: int
    sources: tuple
    repeats: int
    module: str
    args: tuple


def rows_of(data):
    """Return the rows of a parsed model YAML, backbone then head."""
    listed = [*data["backbone"], *data["head"]]
    return [
        Row(i, _sources(i, row[0]), row[1], str(row[2]), tuple(_frozen(a) for a in row[3]))
        for i, row in enumerate(listed)
    ]


def _sources(index, given):
    given = given if isinstance(given, list) else [given]
    return tuple(index + f if f < 0 else f for f in given)


def _frozen(value):
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(v) for v in value)
    return {"True": True, "False": False, "None": None}.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Alignment:
    """How a file's rows stand to its base's.

    Attributes:
        base_of: the base's index of each of the file's rows, None for a row that the base lacks.
        dropped: the base's rows that the file lacks.
        score: from 0 to 1, how alike the two are.
    """

    base_of: tuple
    dropped: tuple
    score: float

    @property
    def own_of(self):
        """The file's index of each of the base's rows that it has."""
        return {base: own for own, base in enumerate(self.base_of) if base is not None}


def align(rows, base, likeness=None):
    """Align the rows of a file with its base's, in order, so that as much as possible is alike.

    Args:
        rows: the file's.
        base: the base's.
        likeness: how alike a row of the first and one of the second are, at most 3; None to go by what they say.
    """
    likeness = likeness or row_likeness
    table = [[_GAP * j for j in range(len(base) + 1)]]
    for i, row in enumerate(rows, start=1):
        line = [_GAP * i]
        for j, other in enumerate(base, start=1):
            line.append(max(table[-1][j - 1] + likeness(row, other), table[-1][j] + _GAP, line[-1] + _GAP))
        table.append(line)
    base_of = [None] * len(rows)
    i, j = len(rows), len(base)
    while i and j:
        if table[i][j] == table[i - 1][j - 1] + likeness(rows[i - 1], base[j - 1]):
            i, j = i - 1, j - 1
            base_of[i] = j
        elif table[i][j] == table[i - 1][j] + _GAP:
            i -= 1
        else:
            j -= 1
    dropped = tuple(k for k in range(len(base)) if k not in base_of)
    best = _EQUAL * max(len(rows), len(base), 1)
    return Alignment(tuple(base_of), dropped, max(table[-1][-1], 0.0) / best)


def row_likeness(row, other):
    """Return how alike two rows are by what they say: 3 for the same, 0.1 for nothing in common."""
    if (row.module, row.args, row.repeats) == (other.module, other.args, other.repeats):
        return _EQUAL
    if row.module == other.module:
        return _SAME_MODULE
    return _SAME_ARGUMENTS if row.args == other.args and row.repeats == other.repeats else _OTHER
