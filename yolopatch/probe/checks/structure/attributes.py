"""Do the modules keep clear of the names that parse_model writes on every layer: `i`, `f`, `type`, `np`?"""

from ....wire.parser_names import OVERWRITTEN
from ...build.overwritten import uses
from ...protocol.findings import failed, passed, warned
from ..rules import Rules

_SHOWN = 20  # of a list: enough to see the pattern


RULES = Rules(needs_model=False, needs_run=False, asks_base=False)


def check(subject):
    """Read the classes that the file's own rows name, and the new classes inside them."""
    layers = _layer_classes(subject)
    inner = [c for c in _new_classes(subject) if c not in layers]
    known = _base_classes(subject)
    found = [(cls, True, use) for cls in layers for use in uses(cls, known)]
    # What a class inside a layer reads is its own: upstream writes on whole layers alone.
    found += [(cls, False, use) for cls in inner for use in uses(cls, known) if use.how != "read"]
    evidence = {
        "names": sorted(OVERWRITTEN),
        "classes": sorted({c.__name__ for c in (*layers, *inner)})[:_SHOWN],
        "uses": [_described(*each) for each in found[:_SHOWN]],
        "use_count": len(found),
    }
    return _finding(found, len(layers) + len(inner), evidence)


def _layer_classes(subject):
    """Return the classes of the rows that the base does not have; they are there though the model may not build."""
    usual = {row.module for row in subject.base_rows} if subject.found_base is not None else set()
    names = dict.fromkeys(row.module for row in subject.rows if row.module not in usual)
    return [c for c in map(subject.upstream.find_class, names) if isinstance(c, type)]


def _new_classes(subject):
    try:
        return subject.new_classes
    except Exception:  # whatever the model's code raises while it builds; the check `build` reports it
        return []


def _base_classes(subject):
    try:
        return {type(m) for m in subject.base.modules()} if subject.base is not None else set()
    except Exception:  # as above, of the base model; `base-parity` reports it
        return set()


def _described(cls, is_layer, use):
    where = f"{use.file}:{use.line}"
    return {"class": cls.__name__, "stands_as_layer": is_layer, "name": use.name, "how": use.how, "where": where}


def _finding(found, count, evidence):
    taken = [each for each in found if each[1] and each[2].how != "read"]
    if taken:
        hint = "give the attribute another name: parse_model overwrites this one after the layer is constructed"
        return failed(f"{_told(*taken[0])}, which parse_model overwrites{_more(taken)}", hint, **evidence)
    inside = [each for each in found if each[2].how != "read"]
    if inside:
        hint = "rename it: harmless inside a layer, but the class breaks once a YAML names it as a layer"
        return warned(f"{_told(*inside[0])}, which parse_model overwrites on layers{_more(inside)}", hint, **evidence)
    if found:
        hint = "make sure that upstream's value is meant: parse_model writes it, and only on whole layers"
        return warned(f"{_told(*found[0])}, which is upstream's{_more(found)}", hint, **evidence)
    names = ", ".join(sorted(OVERWRITTEN))
    return passed(f"no new class (of {count}) uses a name that parse_model overwrites ({names})", **evidence)


def _told(cls, is_layer, use):
    verb = {"store": "stores", "define": "defines", "read": "reads"}[use.how]
    return f"{cls.__name__} {verb} `{use.name}` at {use.file}:{use.line}"


def _more(found):
    return f" ({len(found)} such places)" if len(found) > 1 else ""
