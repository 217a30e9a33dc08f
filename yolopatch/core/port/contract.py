"""What our branch and classes rely on in a release, each expectation held against the release's own syntax tree.

A patch can apply and still be wrong. What upstream's own branch and constructors do is what ours have to do, so both
are reduced to the same form and compared.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

import yaml

from yolopatch.core.code.anchors import NoPlace, chain_of, fuse_loop
from yolopatch.core.code.parser_branch import specialised, takes, treatment
from yolopatch.core.syntax import classes, method, parse


@dataclass(frozen=True)
class Conflict:
    """An expectation that a release does not meet.

    Attributes:
        contract: what relies on it: `the branch for C3k2`.
        where: the file and the line, class or function.
        expected: what ours was written for.
        found: what upstream has there now.
    """

    contract: str
    where: str
    expected: str
    found: str

    @classmethod
    def of(cls, error: NoPlace) -> Conflict:
        """Return the conflict of a place that is not there."""
        return cls(error.contract, error.where, error.expected, error.found)


def check_branch(path: str, text: str, branch: str, stand_ins: Mapping[str, str]) -> Iterator[Conflict]:
    """Compare what our branch does with what upstream's does for the classes that ours stand in for.

    Args:
        path, text: the parser as it is upstream.
        branch: ours, an `elif` at no margin.
        stand_ins: upstream's class by ours.
    """
    chain = chain_of(path, text)
    where = f"{path}:{chain.first.lineno}, parse_model"
    own = ast.parse(branch.removeprefix("el")).body[0]
    for name, stand_in in stand_ins.items():
        contract = f"the branch for {stand_in}"
        if not takes(chain, stand_in):
            yield Conflict(contract, where, f"{stand_in} in the first test on m", f"not {stand_in}")
            continue
        have = _statements(treatment(chain, stand_in))
        want = _statements(specialised(own.body, name, {}))
        yield from _differences(contract, where, want, have)


def check_classes(path: str, text: str, ours: str, stand_ins: Mapping[str, str]) -> Iterator[Conflict]:
    """Compare our classes' constructors with those that they stand in for.

    Args:
        path, text: the file with upstream's blocks.
        ours: the text of our classes.
        stand_ins: upstream's class by ours, of every class that `ours` may name.
    """
    theirs = classes(parse(text))
    for name, node in classes(parse(ours)).items():
        stand_in = stand_ins.get(name)
        if stand_in is None or stand_in == "Conv":
            continue
        if stand_in not in theirs:
            yield Conflict(f"the class {stand_in}", path, f"class {stand_in}", "no such class")
            continue
        upstream = theirs[stand_in]
        where = f"{path}:{upstream.lineno}, {stand_in}"
        renamed = _renamed(node, stand_ins)
        yield from _check_constructor(where, stand_in, renamed, upstream)


def check_conv(path: str, text: str) -> Iterator[Conflict]:
    """Check what ours takes over from upstream's Conv: its signature, its convolution, BatchNorm and fused forward."""
    node = classes(parse(text)).get("Conv")
    if node is None:
        yield Conflict("the class Conv", path, "class Conv", "no such class")
        return
    where = f"{path}:{node.lineno}, Conv"
    init = method(node, "__init__")
    yield from _differences(
        "the constructor of Conv", where, ["self, c1, c2, k=1, s=1, p=None, g=1, d=1, act=True"], [_signature(init)]
    )
    for name, maker in (("conv", "Conv2d"), ("bn", "BatchNorm2d")):
        values = [value for target, value in _attributes(init) if target == f"self.{name}"]
        if not any(isinstance(v, ast.Call) and ast.unparse(v.func).endswith(maker) for v in values):
            found = "; ".join(map(ast.unparse, values)) or "nothing"
            yield Conflict(f"the {name} of Conv", where, f"self.{name} = nn.{maker}(...)", found)
    if method(node, "forward_fuse") is None:
        yield Conflict("the forward of a fused Conv", where, "a method forward_fuse", "no such method")


def check_fuse(path: str, text: str) -> Iterator[Conflict]:
    """Check that fuse() leaves a Conv alone whose BatchNorm is gone: ours was folded just before."""
    for node in fuse_loop(path, text).body:
        if isinstance(node, ast.If) and _is_about_conv(node.test) and "hasattr(m, 'bn')" not in ast.unparse(node.test):
            expected = "isinstance(m, (Conv, ...)) and hasattr(m, 'bn')"
            yield Conflict("the fusion of Conv", f"{path}:{node.lineno}, fuse", expected, ast.unparse(node.test))


def check_taken(files: Mapping[str, str], names: Mapping[str, str]) -> Iterator[Conflict]:
    """Check that no class of upstream's has a name of ours.

    Args:
        files: texts of the release, by path.
        names: what each name of ours is, by name.
    """
    for path, text in files.items():
        if any(name in text for name in names):
            for name, node in classes(parse(text)).items():
                if name in names:
                    where = f"{path}:{node.lineno}"
                    yield Conflict(
                        f"the name {name}", where, f"no class {name}", f"upstream has one, and {names[name]}"
                    )


def check_base(path: str, text: str, ours: str) -> Iterator[Conflict]:
    """Compare the family's base model with the one that YAMLs of ours are made of: scales and layers."""
    have, want = yaml.safe_load(text), yaml.safe_load(ours)
    for part in ("scales", "backbone", "head", "reg_max", "end2end"):
        if have.get(part) != want.get(part):
            contract = f"the base model's {part}"
            rows = zip_longest(_rows(want.get(part)), _rows(have.get(part)), fillvalue="nothing")
            expected, found = next(row for row in rows if row[0] != row[1])
            yield Conflict(contract, path, expected, found)


def _rows(part: object) -> list[str]:
    if isinstance(part, dict):
        return [f"{key}: {value}" for key, value in part.items()]
    return list(map(str, part)) if isinstance(part, list) else [str(part)]


def _check_constructor(where: str, name: str, ours: ast.ClassDef, upstream: ast.ClassDef) -> Iterator[Conflict]:
    contract = f"the constructor of {name}"
    own, theirs = method(ours, "__init__"), method(upstream, "__init__")
    if theirs is None:
        yield Conflict(contract, where, "a method __init__", "no such method")
        return
    yield from _differences(contract, where, [_signature(own)], [_signature(theirs)])
    have = dict(_attributes(theirs))
    for target, value in _attributes(own):
        found = _text(have[target]) if target in have else "nothing"
        if found != _text(value):
            yield Conflict(f"{contract}: {target}", where, _text(value), found)


def _differences(contract: str, where: str, want: list[str], have: list[str]) -> Iterator[Conflict]:
    if want != have:
        pairs = [pair for pair in zip_longest(want, have, fillvalue="nothing") if pair[0] != pair[1]]
        yield Conflict(contract, where, *("; ".join(dict.fromkeys(side)) for side in zip(*pairs)))


def _statements(body: list[ast.stmt]) -> list[str]:
    return [" ".join(ast.unparse(node).split()) for node in body]


def _signature(function: ast.FunctionDef) -> str:
    """Return the arguments without their types."""
    arguments = function.args
    plain = ast.arguments(
        posonlyargs=[ast.arg(a.arg) for a in arguments.posonlyargs],
        args=[ast.arg(a.arg) for a in arguments.args],
        vararg=arguments.vararg,
        kwonlyargs=[ast.arg(a.arg) for a in arguments.kwonlyargs],
        kw_defaults=arguments.kw_defaults,
        kwarg=arguments.kwarg,
        defaults=arguments.defaults,
    )
    return ast.unparse(plain)


def _attributes(function: ast.FunctionDef) -> list[tuple[str, ast.expr]]:
    """Return what the function assigns to one name or attribute each, in order."""
    assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign) and len(node.targets) == 1]
    return [(ast.unparse(node.targets[0]), node.value) for node in assigned]


def _text(node: ast.expr) -> str:
    return ast.unparse(node).replace("torch.nn.", "nn.")


def _is_about_conv(test: ast.expr) -> bool:
    """Tell whether the test is one for instances of Conv."""
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
    """Return the class with our names replaced by upstream's; the tree that is shared stays as it is."""
    return _Renaming(names).visit(ast.parse(ast.unparse(node)).body[0])
