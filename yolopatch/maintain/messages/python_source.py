"""The messages in a Python file: what people can read of it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from yolopatch.maintain.messages.pieces import Form, Strings, letters_of, message_of, single_assignments

# What these are called with is no text: patterns, names, formats.
_NOT_FOR_PEOPLE = frozenset(
    [
        "compile",
        "match",
        "search",
        "sub",
        "subn",
        "fullmatch",
        "findall",
        "finditer",
        "split",
        "rsplit",
        "partition",
        "rpartition",
        "startswith",
        "endswith",
        "removeprefix",
        "removesuffix",
        "getattr",
        "hasattr",
        "setattr",
        "strip",
        "lstrip",
        "rstrip",
        "encode",
        "decode",
        "isinstance",
        "issubclass",
        "cast",
        "TypeVar",
        "ContextVar",
        "getLogger",
        "import_module",
        "find_spec",
        "environ",
        "getenv",
        "index",
        "count",
        "find",
        "strptime",
        "strftime",
        "namedtuple",
        "open",
    ]
)
_NO_TEXT_KEYWORDS = frozenset(["fg", "bg", "metavar", "encoding", "errors", "mode", "default_map", "newline"])
_CODE = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AugAssign, ast.Return, ast.If, ast.For,
    ast.Raise, ast.Assert, ast.With, ast.Try, ast.While, ast.Delete,
)  # fmt: skip
_COMMAND = re.compile(r"\w+\.(?:command|group)\(")
_WORD = re.compile(r"[A-Za-z][a-z'’-]+")
_THING = re.compile(r"(?:an?|the) [a-z]+")
_BETWEEN_CODES = re.compile(r"`[^`\w]*`\W* [a-z]+ `[^`\w]*`")
_SINGLE = re.compile(r"[A-Z]?[a-z]+(?:[ -][a-z]+)*")


@dataclass
class Reader(ast.NodeVisitor):
    """Collects the messages of a file; `words`: single words, too, as heads of tables are."""

    words: bool
    found: list[str] = field(default_factory=list)
    _strings: list[Strings] = field(default_factory=lambda: [Strings()])

    def messages(self, source: str) -> list[str]:
        """Return the messages of a source text, each once."""
        self.visit(ast.parse(source))
        return list(dict.fromkeys(map(_bare, self.found)))

    def visit(self, node: ast.AST) -> None:
        """Read a node: a string expression as a whole, else what is in it."""
        forms = self._strings[-1].forms(node) if isinstance(node, ast.expr) and not isinstance(node, ast.Name) else None
        if forms is None:
            super().visit(node)
            return
        self.found += [message_of(form) for form in forms if is_for_people(form, self.words)]
        self._visit_holes(node)

    def _visit_holes(self, node: ast.AST) -> None:
        """Read the expressions inside a text, where they are no part of its forms."""
        strings = self._strings[-1]
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FormattedValue):
                inside: ast.expr = child.value
                if strings.forms(inside) is None and not isinstance(inside, ast.Name):
                    self.visit(inside)
                else:
                    self._visit_holes(inside)
            elif isinstance(child, ast.expr) and strings.forms(child) is None:
                self.visit(child)
            else:
                self._visit_holes(child)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Read a function; the docstring of a command is its help text."""
        self._visit_function(node)

    def _visit_function(self, node: ast.FunctionDef) -> None:
        if any(_COMMAND.match(ast.unparse(one)) for one in node.decorator_list):
            text = ast.get_docstring(node)
            if text:
                self.found += paragraphs(text)
        for decorator in node.decorator_list:
            self.visit(decorator)
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        self._strings.append(self._strings[-1].inside(node))
        for statement in _without_docstring(node.body):
            self.visit(statement)
        self._strings.pop()

    def visit_Expr(self, node: ast.Expr) -> None:
        """Read an expression; a text alone describes what stands above it."""
        if not _is_text(node.value):
            self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Read a class without its docstring."""
        for part in (*node.decorator_list, *node.keywords, *_without_docstring(node.body)):
            self.visit(part)

    def visit_Module(self, node: ast.Module) -> None:
        """Read a file without its docstring; its functions use the texts that it names."""
        self._strings = [Strings(single_assignments(node))]
        for statement in _without_docstring(node.body):
            self.visit(statement)

    def visit_Call(self, node: ast.Call) -> None:
        """Read the arguments of a call, where it is one that takes texts."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if isinstance(node.func, ast.Attribute) and not _is_text(node.func.value):
            self.visit(node.func.value)
        if name in _NOT_FOR_PEOPLE:
            parts: list[ast.expr] = [one for one in node.args if not _is_text(one)]
        elif name in {"get", "pop", "option", "argument"}:
            parts = node.args[1:] if name in {"get", "pop"} else []
        else:
            parts = list(node.args)
        for part in parts:
            self.visit(part)
        for keyword in node.keywords:
            if keyword.arg not in _NO_TEXT_KEYWORDS:
                self.visit(keyword.value)

    def visit_Dict(self, node: ast.Dict) -> None:
        """Read the values of a dictionary, and keys that are sentences."""
        for key, value in zip(node.keys, node.values):
            if key is not None and not (_is_text(key) and " " not in key.value):  # type: ignore[attr-defined]
                self.visit(key)
            self.visit(value)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Read what is compared, without the constants."""
        for part in (node.left, *node.comparators):
            if not _is_constant(part):
                self.visit(part)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Read what has an index, not the index."""
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Read the value, not the type."""
        if node.value is not None:
            self.visit(node.value)

    def visit_match_case(self, node: ast.match_case) -> None:
        """Read the body, not the pattern."""
        for statement in node.body:
            self.visit(statement)


def _bare(message: str) -> str:
    """Return a message without the space and the separator before it: joined texts are translated one by one."""
    return message.strip().lstrip(";,:").lstrip()


def paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text, each on one line, as click shows them."""
    for part in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        yield part if part.startswith("\b") else " ".join(part.split())


def is_for_people(form: Form, words: bool) -> bool:
    """Return whether a text has at least two words, and is no code; with `words`, one, too, alone or beside values.

    One word between two codes is enough anywhere: "`{new}`, not `{old}`".
    """
    letters = letters_of(form)
    text = letters.strip()
    if _BETWEEN_CODES.fullmatch(text):
        return True
    if words and (_SINGLE.fullmatch(text) if len(form) == 1 else _has_one_word(letters)):
        return True
    if len(form) == 1 and _THING.fullmatch(text):
        return True
    if len(_WORD.findall(letters)) < 2 or " " not in text or text.startswith(("<", "@", "#!", "%")):
        return False
    return re.search(r"[a-z]{2}", letters) is not None and not _is_code(letters) and not _is_style(letters)


def _has_one_word(letters: str) -> bool:
    plain = re.findall(r"(?:^|(?<=[\s(]))[A-Z]?[a-z]+(?=$|[\s:,;.)])", letters)
    return len(plain) == len(_WORD.findall(letters)) == 1 and len(plain[0]) > 2


def _is_code(text: str) -> bool:
    try:
        body = ast.parse(text.strip()).body
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(one, _CODE) for one in body)


def _is_style(text: str) -> bool:
    """Return whether a text is a style sheet, a pattern, or a file with several lines."""
    return "\n" in text or re.search(r"[.#]\w+ *\{|\(\?[:P]|\)\\b|--format=|--ink", text) is not None


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    return body[1:] if body and isinstance(body[0], ast.Expr) and _is_text(body[0].value) else body


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (
        isinstance(node, (ast.Tuple, ast.Set, ast.List)) and all(map(_is_constant, node.elts))
    )
