"""Which statements of a body are not those of another one: aligned one by one, through if, for, try and with."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from yolopatch.core.fork.folding import canonical

_ALIGNED = 1500  # statements; the time to align two bodies can grow with the square
_PAIRED = 24  # statements that stand for as many others, of which pairs are sought
_ALIKE = 0.5  # of what two statements consist of: from here on one is the other, changed


@dataclass(frozen=True)
class Line:
    """One statement of a body, or the head of one that has a body itself.

    Attributes:
        key: equal for two that do the same; what stands below a head is left out.
        node: the statement; of `else`, `finally` and `except` what they belong to.
        head: the expressions that belong to it.
        parent: the index of the line that it stands below; -1 in the body itself.
        after: the index of the branch before, for an `elif`; -1 otherwise.
        word: of a head: `if`, `elif`, `else`, `for` …; "" for a plain statement.
    """

    key: str
    node: ast.AST
    head: tuple[ast.AST, ...]
    parent: int
    after: int = -1
    word: str = ""

    @property
    def line(self) -> int:
        """In its file."""
        first = self.head[0] if self.word in ("else", "finally") and self.head else self.node
        return int(getattr(first, "lineno", 0))


@dataclass(frozen=True)
class Hunk:
    """Lines of the fork that stand for lines of the release.

    Attributes:
        old, new: either can be empty.
        at: the line in the fork's file.
        is_pair: one line that is the other one, changed.
        moved: the lines are the same, and stand in another block.
    """

    old: tuple[Line, ...]
    new: tuple[Line, ...]
    at: int
    is_pair: bool = False
    moved: bool = False


def lines_of(body: Sequence[ast.stmt]) -> tuple[Line, ...]:
    """Return the statements of a body as lines, from top to bottom; definitions inside it are lines, too."""
    found: list[Line] = []
    _collect(body, -1, found)
    return tuple(found)


def changed_lines(old: Sequence[Line], new: Sequence[Line], end: int) -> list[Hunk]:
    """Return where two bodies differ.

    Args:
        end: the line in the fork's file that stands for what is missing at its end.
    """
    matches = _matches(old, new)
    places = [line.line for line in new] + [end]
    hunks = [
        hunk
        for old_part, new_part, at in _gaps(matches, len(old), len(new))
        for hunk in _hunks([old[i] for i in old_part], [new[j] for j in new_part], places[at])
    ]
    return sorted([*hunks, *_moved(matches, old, new)], key=lambda hunk: hunk.at)


def is_rewritten(hunks: Sequence[Hunk], old: Sequence[Line], new: Sequence[Line]) -> bool:
    """Tell whether so little of a longer body is left that its single lines say nothing."""
    longer = max(len(old), len(new))
    touched = sum(max(len(hunk.old), len(hunk.new)) for hunk in hunks if not hunk.moved)
    return longer > 12 and touched > 0.7 * longer


def _collect(body: Sequence[ast.stmt], parent: int, found: list[Line]) -> None:
    for node in body:
        if isinstance(node, ast.If):
            _collect_if(node, parent, -1, found)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            _collect_block("for", node, (node.target, node.iter), node.body, parent, found)
            _collect_else(node, node.orelse, parent, found)
        elif isinstance(node, ast.While):
            _collect_block("while", node, (node.test,), node.body, parent, found)
            _collect_else(node, node.orelse, parent, found)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            _collect_block("with", node, tuple(node.items), node.body, parent, found)
        elif isinstance(node, ast.Try):
            _collect_try(node, parent, found)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            _collect_block(f"def {node.name}", node, (*node.decorator_list, node.args), node.body, parent, found)
        elif isinstance(node, ast.ClassDef):
            _collect_block(f"class {node.name}", node, (*node.decorator_list, *node.bases), node.body, parent, found)
        else:
            found.append(Line(canonical(node), node, (node,), parent))


def _collect_block(
    word: str, node: ast.AST, head: tuple[ast.AST, ...], body: Sequence[ast.stmt], parent: int, found: list[Line]
) -> None:
    found.append(Line(f"{word} {canonical(head)}", node, head, parent, word=word))
    _collect(body, len(found) - 1, found)


def _collect_if(node: ast.If, parent: int, after: int, found: list[Line]) -> None:
    here = len(found)
    word = "if" if after < 0 else "elif"
    found.append(Line(f"if {canonical(node.test)}", node, (node.test,), parent, after, word))
    _collect(node.body, here, found)
    if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        _collect_if(node.orelse[0], parent, here, found)
    else:
        _collect_else(node, node.orelse, parent, found, here)


def _collect_else(node: ast.stmt, body: Sequence[ast.stmt], parent: int, found: list[Line], after: int = -1) -> None:
    if body:
        found.append(Line("else", node, (body[0],), parent, after, word="else"))
        _collect(body, len(found) - 1, found)


def _collect_try(node: ast.Try, parent: int, found: list[Line]) -> None:
    _collect_block("try", node, (), node.body, parent, found)
    for handler in node.handlers:
        head = (handler.type,) if handler.type else ()
        _collect_block(f"except {handler.name or ''}", handler, head, handler.body, parent, found)
    _collect_else(node, node.orelse, parent, found)
    if node.finalbody:
        found.append(Line("finally", node, (node.finalbody[0],), parent, word="finally"))
        _collect(node.finalbody, len(found) - 1, found)


def _matches(old: Sequence[Line], new: Sequence[Line]) -> list[tuple[int, int]]:
    """Return the pairs of equal lines, in their order."""
    first = [line.key for line in old]
    second = [line.key for line in new]
    start = next((n for n, (a, b) in enumerate(zip(first, second)) if a != b), min(len(first), len(second)))
    left, right = first[start:], second[start:]
    end = next(
        (n for n, (a, b) in enumerate(zip(reversed(left), reversed(right))) if a != b), min(len(left), len(right))
    )
    pairs = [(n, n) for n in range(start)]
    left, right = left[: len(left) - end], right[: len(right) - end]
    if max(len(left), len(right)) <= _ALIGNED:
        for block in SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks():
            pairs += [(start + block.a + n, start + block.b + n) for n in range(block.size)]
    return pairs + [(len(first) - n, len(second) - n) for n in range(end, 0, -1)]


def _gaps(matches: Sequence[tuple[int, int]], old: int, new: int) -> Iterator[tuple[range, range, int]]:
    """Yield what lies between equal lines: the indices in both bodies, and the place in the second one."""
    i = j = 0
    for next_i, next_j in [*matches, (old, new)]:
        if next_i > i or next_j > j:
            yield range(i, next_i), range(j, next_j), j
        i, j = next_i + 1, next_j + 1


def _hunks(old: list[Line], new: list[Line], at: int) -> Iterator[Hunk]:
    """Yield one hunk for each line that was changed, and for each run of lines that was added or removed."""
    pairs = _pairs(old, new)
    for old_part, new_part, _ in _gaps(pairs, len(old), len(new)):
        mine = tuple(new[j] for j in new_part)
        yield Hunk(tuple(old[i] for i in old_part), mine, mine[0].line if mine else at)
    for i, j in pairs:
        yield Hunk((old[i],), (new[j],), new[j].line, is_pair=True)


def _pairs(old: list[Line], new: list[Line]) -> list[tuple[int, int]]:
    """Return which lines are others, changed: the most alike of the same sort, in their order."""
    if not old or not new or max(len(old), len(new)) > _PAIRED:
        return []
    # the best sum of likenesses of pairs in their order
    best: list[list[tuple[float, tuple[tuple[int, int], ...]]]] = [
        [(0.0, ())] * (len(new) + 1) for _ in range(len(old) + 1)
    ]
    for i, mine in enumerate(old):
        for j, theirs in enumerate(new):
            score, pairs = best[i][j]
            likeness = _likeness(mine, theirs)
            with_pair = (score + likeness, (*pairs, (i, j))) if likeness >= _ALIKE else (0.0, ())
            best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j], with_pair, key=lambda one: one[0])
    return list(best[-1][-1][1])


def _likeness(old: Line, new: Line) -> float:
    if type(old.node) is not type(new.node) or old.word.split(" ")[0] != new.word.split(" ")[0]:
        return 0.0
    if _target(old) and _target(old) == _target(new):
        return 1.0
    likeness = SequenceMatcher(None, _words(old.key), _words(new.key), autojunk=False).ratio()
    # what a function returns is what it is for, whatever it is
    return max(likeness, _ALIKE) if isinstance(old.node, ast.Return) else likeness


def _target(line: Line) -> str:
    """Return what a line assigns to, or the name that it defines."""
    if isinstance(line.node, ast.Assign) and not line.word:
        return canonical(line.node.targets)
    if isinstance(line.node, ast.AugAssign):
        return canonical([line.node.target])
    return line.word if line.word.startswith(("def ", "class ")) else ""


def _words(key: str) -> list[str]:
    return key.replace("(", " ").replace(")", " ").replace(";", " ").split()[:200]


def _moved(matches: Sequence[tuple[int, int]], old: Sequence[Line], new: Sequence[Line]) -> Iterator[Hunk]:
    """Yield the equal lines that stand in another block, where the block itself is not what was added or removed."""
    to_new, to_old = dict(matches), {j: i for i, j in matches}
    for i, j in matches:
        a, b = old[i], new[j]
        if not _same_block(a.parent, b.parent, to_new, to_old) or not _same_block(a.after, b.after, to_new, to_old):
            yield Hunk((a,), (b,), b.line, moved=True)


def _same_block(i: int, j: int, to_new: dict[int, int], to_old: dict[int, int]) -> bool:
    """Tell whether two lines stand for the same block; one that is new, or gone, is told by itself."""
    is_new, is_gone = j >= 0 and j not in to_old, i >= 0 and i not in to_new
    return is_new or is_gone or (i < 0 and j < 0) or to_new.get(i) == j
