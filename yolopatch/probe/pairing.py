"""Which layer of a base model each layer of a model stands for: by the graph, not by the number.

Layers are aligned in order, as the YAMLs have them, by what they are (class, arguments, tensors) and by what feeds
them. What feeds a layer is known once the layers before it are aligned, so the alignment is repeated until it stays.
"""

from rows import align, row_likeness

_SAME_TENSORS = 0.5  # less than a difference between two kinds of rows, more than what feeds them
_SAME_SOURCES = 0.25
_ROUNDS = 5  # it has stayed after two or three for every model seen


def pair_layers(model, rows, base, base_rows):
    """Return the base's index for each of the model's layers, None for one that the base lacks, and how alike they are.

    Args:
        model: a built model of upstream's; its layers are `model.model`.
        rows: its YAML's rows.
        base: the base model, built.
        base_rows: its YAML's rows.

    Returns:
        (tuple of indices, score from 0 to 1): the score is of the rows alone.
    """
    shapes, base_shapes = ([_shapes(layer) for layer in built.model] for built in (model, base))
    found = align(rows, base_rows)
    score, pairs = found.score, found.base_of
    for _ in range(_ROUNDS):

        def likeness(row, other, before=pairs):
            alike = row_likeness(row, other)
            alike += _SAME_TENSORS * (shapes[row.index] == base_shapes[other.index])
            return alike + _SAME_SOURCES * _fed_alike(rows, row, other, before)

        again = align(rows, base_rows, likeness).base_of
        if again == pairs:
            break
        pairs = again
    return pairs, score


def _shapes(layer):
    return {name: tuple(tensor.shape) for name, tensor in layer.state_dict().items()}


def _fed_alike(rows, row, other, pairs):
    """Return which part of a row's sources stands for the other's."""
    sources = [_known(rows, source, pairs) for source in row.sources]
    same = sum(source == theirs for source, theirs in zip(sources, other.sources))
    return same / max(len(row.sources), len(other.sources))


def _known(rows, source, pairs):
    """Return the base's index of what feeds a row; through a layer that the base lacks, of what feeds that."""
    while source >= 0 and pairs[source] is None:
        source = rows[source].sources[0]
    return source if source < 0 else pairs[source]
