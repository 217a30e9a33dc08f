"""Which layer of a base model each layer of a model stands for: by the graph, not by the number.

Layers are aligned in order, as the YAMLs have them, by what they are: class, arguments, tensors. Where equal layers
follow each other, that leaves open which of them is new, or gone: then what feeds what decides.
"""

from ..build.rows import align, row_likeness

_SAME_TENSORS = 0.5  # less than a difference between two kinds of rows


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

    def likeness(row, other):
        return row_likeness(row, other) + _SAME_TENSORS * (shapes[row.index] == base_shapes[other.index])

    def alike(own, theirs):
        return likeness(rows[own], base_rows[theirs])

    pairs = list(align(rows, base_rows, likeness).base_of)
    better = pairs
    while better:
        pairs, better = better, _better(rows, base_rows, better, alike)
    return tuple(pairs), align(rows, base_rows).score


def _better(rows, base_rows, pairs, alike):
    """Return a pairing that keeps more of the base's connections, where moving what is new or gone gives one."""
    most = _edges(rows, base_rows, pairs)
    moved = _slid(pairs, len(base_rows), alike)
    return next((other for other in moved if _edges(rows, base_rows, other) > most), None)


def _shapes(layer):
    return {name: tuple(tensor.shape) for name, tensor in layer.state_dict().items()}


def _edges(rows, base_rows, pairs):
    """Count the base's connections that the model has between the layers that stand for its ends."""
    return sum(
        _known(rows, source, pairs) == theirs
        for row, of in zip(rows, pairs)
        if of is not None
        for source, theirs in zip(row.sources, base_rows[of].sources)
    )


def _known(rows, source, pairs):
    """Return the base's index of what feeds a row; through a layer that the base lacks, of what feeds that."""
    while source >= 0 and pairs[source] is None:
        source = rows[source].sources[0]
    return source if source < 0 else pairs[source]


def _slid(pairs, places, alike):
    """Yield pairings in which what is new, or gone, is moved along rows that are as alike in the next place.

    Args:
        pairs: the base's place of each row, None for a new row.
        places: how many the base has.
        alike: how alike a row and a place are, by their numbers.
    """
    gone = set(range(places)) - set(pairs)
    for start, of in enumerate(pairs):
        for step in (-1, 1):
            if of is None:
                yield from _moved_new(pairs, start, step, alike)
            elif of + step in gone:
                yield from _moved_gone(pairs, start, step, alike)


def _moved_new(pairs, at, step, alike):
    """Move a new row up or down, row by row: it takes its neighbour's place in the base."""
    moved = list(pairs)
    while 0 <= at + step < len(moved) and moved[at + step] is not None:
        place = moved[at + step]
        if alike(at, place) < alike(at + step, place):
            return
        moved[at], moved[at + step] = place, None
        at += step
        yield list(moved)


def _moved_gone(pairs, at, step, alike):
    """Move a place that no row has: the row beside it takes it, then the row beside that takes the place left."""
    moved = list(pairs)
    while 0 <= at < len(moved) and moved[at] is not None:
        place = moved[at] + step
        if place in moved or alike(at, place) < alike(at, moved[at]):
            return
        moved[at] = place
        at -= step
        yield list(moved)
