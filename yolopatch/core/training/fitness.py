"""Which epoch upstream takes for its best: it weighs the metrics of each epoch, and the pins do so differently."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence

METRICS = ("precision", "recall", "mAP50", "mAP50-95")  # in the order of upstream's weights


def read_fitness(source: str) -> tuple[float, ...] | None:
    """Return the weights of METRICS in upstream's fitness; None where its code has another form.

    Args:
        source: the text of upstream's `utils/metrics.py`.
    """
    return next(_weights(ast.parse(source)), None)


def _weights(tree: ast.Module) -> Iterator[tuple[float, ...]]:
    """Yield the list of numbers that each function `fitness` starts with; the first is that of boxes."""
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "fitness")
    for function in sorted(functions, key=lambda node: node.lineno):
        for node in function.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
                numbers = [one.value for one in node.value.elts if isinstance(one, ast.Constant)]
                if len(numbers) == len(METRICS) and all(isinstance(one, (int, float)) for one in numbers):
                    yield tuple(float(one) for one in numbers if isinstance(one, (int, float)))


def best_epoch(metrics: Mapping[str, Sequence[float]], weights: Sequence[float]) -> int:
    """Return the index of the epoch whose weights upstream keeps in best.pt: of equal ones, the last.

    Args:
        metrics: METRICS, each with its value after every epoch; at least one.
        weights: of METRICS; not all of them 0.
    """
    parts = [[weight * value for value in metrics[name]] for name, weight in zip(METRICS, weights) if weight]
    worth = [total if total == total else -math.inf for total in map(sum, zip(*parts))]
    return len(worth) - 1 - worth[::-1].index(max(worth))
