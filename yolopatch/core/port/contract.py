"""Check what our branch and classes rely on in a release, with the release's syntax trees.

A patch can apply and still be wrong. Our branch and constructors must do the same as upstream's, so both are brought
into the same form and compared.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from yolopatch.core.code.anchors import AnchorNotFound, chain_of, fuse_loop, unreadable
from yolopatch.core.code.parser_branch import specialised, takes, treatment
from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.core.port.class_facts import assignments, constructors, defines, find_classes, signature
from yolopatch.core.syntax import classes, method, parse

_CONV_SIGNATURE = "self, c1, c2, k=1, s=1, p=None, g=1, d=1, act=True"


@dataclass(frozen=True)
class Conflict:
    """An expectation that a release does not meet.

    Attributes:
        contract: what the expectation is about: `the branch for C3k2`.
        where: the file and the line, class or function.
        expected: the code that ours was written for.
        found: the code that upstream has now.
    """

    contract: str
    where: str
    expected: str
    found: str

    @classmethod
    def of(cls, error: AnchorNotFound) -> Conflict:
        """Return the conflict of a position that was not found."""
        return cls(error.contract, error.where, error.expected, error.found)


def syntax_conflict(path: str, text: str) -> Conflict | None:
    """Return the conflict of a file that this interpreter cannot parse."""
    try:
        parse(text)
    except SyntaxError as error:
        return Conflict.of(unreadable(path, error))
    return None


def check_branch(path: str, text: str, branch: str, stand_ins: Mapping[str, str]) -> Iterator[Conflict]:
    """Compare our branch with upstream's branch for the classes that ours replace.

    Args:
        path, text: upstream's parser.
        branch: our branch, an `elif` without indentation.
        stand_ins: for each class of ours, the class of upstream that it replaces.
    """
    chain = chain_of(path, text)
    where = f"{path}:{chain.first.lineno}, parse_model"
    own = ast.parse(branch.removeprefix("el")).body[0]
    assert isinstance(own, ast.If)
    for name, stand_in in stand_ins.items():
        contract = f"the branch for {stand_in}"
        if not takes(chain, stand_in):
            yield Conflict(contract, where, f"{stand_in} in the first test on m", f"not {stand_in}")
            continue
        have = _statements(treatment(chain, stand_in))
        want = _statements(specialised(own.body, name, {}))
        yield from _differences(contract, where, want, have)


def check_classes(path: str, text: str, ours: str, stand_ins: Mapping[str, str]) -> Iterator[Conflict]:
    """Compare the constructors of our classes with those of the classes that they replace.

    Args:
        path, text: the file with upstream's blocks.
        ours: the text of our classes.
        stand_ins: for each class that `ours` may use, the class of upstream that it replaces.
    """
    for name, node in classes(parse(ours)).items():
        stand_in = stand_ins.get(name)
        if stand_in is None or stand_in == "Conv":
            continue
        theirs = find_classes(text, stand_in)
        if len(theirs) != 1:
            yield _not_one_class(stand_in, path, theirs)
            continue
        where = f"{path}:{theirs[0].lineno}, {stand_in}"
        yield from _check_constructor(where, stand_in, _renamed(node, stand_ins), constructors(text, theirs[0]))


def check_conv(path: str, text: str) -> Iterator[Conflict]:
    """Check what ours uses of upstream's Conv: its signature, its convolution, BatchNorm and fused forward."""
    if broken := syntax_conflict(path, text):
        yield broken
        return
    found = find_classes(text, "Conv")
    if len(found) != 1:
        yield _not_one_class("Conv", path, found)
        return
    (node,) = found
    where = f"{path}:{node.lineno}, Conv"
    yield from _check_layers_of_conv(where, constructors(text, node))
    if not defines(node, "forward_fuse"):
        yield Conflict("the forward of a fused Conv", where, "a method forward_fuse", "no such method")


def _check_layers_of_conv(where: str, inits: Sequence[ast.FunctionDef]) -> Iterator[Conflict]:
    contract = "the constructor of Conv"
    if len(inits) != 1:
        yield _not_one_constructor(contract, where, inits)
        return
    yield from _differences(contract, where, [_CONV_SIGNATURE], [signature(inits[0])])
    for name, maker in (("conv", "Conv2d"), ("bn", "BatchNorm2d")):
        values = [value for target, value in assignments(inits[0]) if target == f"self.{name}"]
        if not any(isinstance(v, ast.Call) and ast.unparse(v.func).endswith(maker) for v in values):
            found = "; ".join(map(ast.unparse, values)) or "nothing"
            yield Conflict(f"the {name} of Conv", where, f"self.{name} = nn.{maker}(...)", found)


def check_fuse(path: str, text: str) -> Iterator[Conflict]:
    """Check that fuse() does not touch a Conv without BatchNorm: ours was folded just before."""
    for node in fuse_loop(path, text).body:
        if isinstance(node, ast.If) and _is_about_conv(node.test) and "hasattr(m, 'bn')" not in ast.unparse(node.test):
            expected = "isinstance(m, (Conv, ...)) and hasattr(m, 'bn')"
            yield Conflict("the fusion of Conv", f"{path}:{node.lineno}, fuse", expected, ast.unparse(node.test))


def check_taken(files: Mapping[str, str], names: Mapping[str, str]) -> Iterator[Conflict]:
    """Check that no class of upstream has the name of one of our classes.

    Args:
        files: the texts of the release, by path.
        names: our names, each with a description for the message.
    """
    for path, text in files.items():
        held = [name for name in names if name in text]
        if held and (broken := syntax_conflict(path, text)):
            yield broken
            continue
        for name in held:
            for node in find_classes(text, name):
                found = f"upstream has one, and {names[name]}"
                yield Conflict(f"the name {name}", f"{path}:{node.lineno}", f"no class {name}", found)


def check_base(path: str, text: str, ours: str) -> Iterator[Conflict]:
    """Compare the scales and layers of the family's base model with those that our YAMLs are made from."""
    want = load_plain(ours)
    assert isinstance(want, dict)
    try:
        have = load_plain(text)
    except PlainYamlError as error:
        have = error.found
    if not isinstance(have, dict):
        yield Conflict("the base model", path, "a YAML with scales, backbone and head", str(have))
        return
    for part in ("scales", "backbone", "head", "reg_max", "end2end"):
        if have.get(part) != want.get(part):
            contract = f"the base model's {part}"
            rows = zip_longest(_rows(want.get(part)), _rows(have.get(part)), fillvalue="nothing")
            same_words = (repr(want.get(part)), repr(have.get(part)))  # such as 16 and '16'
            expected, found = next((row for row in rows if row[0] != row[1]), same_words)
            yield Conflict(contract, path, expected, found)


def _rows(part: object) -> list[str]:
    if isinstance(part, dict):
        return [f"{key}: {value}" for key, value in part.items()]
    return list(map(str, part)) if isinstance(part, list) else [str(part)]


def _check_constructor(
    where: str, name: str, ours: ast.ClassDef, theirs: Sequence[ast.FunctionDef]
) -> Iterator[Conflict]:
    contract = f"the constructor of {name}"
    own = method(ours, "__init__")
    if own is None:  # ours inherits the constructor
        return
    if len(theirs) != 1:
        yield _not_one_constructor(contract, where, theirs)
        return
    yield from _differences(contract, where, [signature(own)], [signature(theirs[0])])
    have = dict(assignments(theirs[0]))
    for target, value in assignments(own):
        found = _text(have[target]) if target in have else "nothing"
        if found != _text(value):
            yield Conflict(f"{contract}: {target}", where, _text(value), found)


def _not_one_class(name: str, path: str, found: Sequence[ast.ClassDef]) -> Conflict:
    return Conflict(f"the class {name}", path, f"class {name}", _counted(found, "no such class"))


def _not_one_constructor(contract: str, where: str, found: Sequence[ast.FunctionDef]) -> Conflict:
    return Conflict(contract, where, "a method __init__", _counted(found, "no such method"))


def _counted(found: Sequence[ast.stmt], none: str) -> str:
    return f"several, at lines {', '.join(str(node.lineno) for node in found)}" if found else none


def _differences(contract: str, where: str, want: list[str], have: list[str]) -> Iterator[Conflict]:
    if want != have:
        pairs = [pair for pair in zip_longest(want, have, fillvalue="nothing") if pair[0] != pair[1]]
        yield Conflict(contract, where, *("; ".join(dict.fromkeys(side)) for side in zip(*pairs)))


def _statements(body: list[ast.stmt]) -> list[str]:
    return [" ".join(ast.unparse(node).split()) for node in body]


def _text(node: ast.expr) -> str:
    return ast.unparse(node).replace("torch.nn.", "nn.")


def _is_about_conv(test: ast.expr) -> bool:
    """Tell whether the test checks for instances of Conv."""
    for node in ast.walk(test):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance" and len(node.args) == 2:
            kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
            if ast.unparse(node.args[0]) == "m" and "Conv" in map(ast.unparse, kinds):
                return True
    return False


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.copy_location(ast.Name(self._names.get(node.id, node.id), node.ctx), node)


def _renamed(node: ast.ClassDef, names: Mapping[str, str]) -> ast.ClassDef:
    """Return a copy of the class with our names replaced by upstream's."""
    copy = ast.parse(ast.unparse(node)).body[0]
    assert isinstance(copy, ast.ClassDef)
    _Renaming(names).visit(copy)
    return copy
