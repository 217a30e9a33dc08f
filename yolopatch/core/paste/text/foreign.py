"""What a part of a post is where it is no Python: text of parse_model, YAML, a command, prose.

Each answer needs a sign of its own. What has none is Python with a mistake in it, and nobody may leave that out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from yolopatch.core.paste.text.lexing import code_of
from yolopatch.core.paste.text.notebook import is_magic

PARSE_MODEL = "lines of parse_model, which yolopatch writes itself"
YAML = "YAML, which render-cfg writes"
_COMMAND = "a command"
_PAGE = "a part of a page"
_PROSE = "prose"
_ANSWER = "an interpreter's answer"

_BRANCH = re.compile(r"(?:el)?if\s+m\b|elif\b|else\s*:")
_ROW = re.compile(r"-?\s*\[+\s*(?:-?\d|\[)")
_KEY = re.compile(r"[A-Za-z_][\w-]*:(?:\s+(?:[\[{\"'\d.+-].*|\w+)|\s*)$")
_ITEM = re.compile(r"-\s+\S")
_SHELL = re.compile(r"\$\s+\w|(?:pip3?|conda|python3?|git|cd|yolo|wget|cp|mv|mkdir|bash|sh|export)\s+[\w./~-]+")
_OUTPUT = re.compile(r"[ \t]*Out\[\d+\]:|Traceback \(most recent call last\)")
_TAG = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^>]*)?/?>|<!--|<!DOCTYPE", re.IGNORECASE)
_ADDRESS = re.compile(r"\w+://\S")
_MARK = re.compile(r"(?:[*>|~=•·—]|\d+[.)、]|[①-⑳]|-{3,}|!\[)")
_SHORT = re.compile(r"\w+\s*[!?:.。！？：…]*$")
_STATEMENT = re.compile(
    r"(?:class|def|async|await|lambda)\b|@\w|import\s+\w|from\s+[\w.]+\s+import\b|self\b|super\b"
    r"|[A-Za-z_][\w.]*(?:\s*\[[^\]]*\])?(?:\s*,\s*[A-Za-z_][\w.]*)*\s*(?:[-+*/%|&^@]|//|\*\*|<<|>>)?=(?!=)"
)
_KEYWORDS = (
    "False|None|True|and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if"
    "|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield"
)
# two words in a row, neither of them a keyword: no line of Python has them
_WORDS = re.compile(rf"\b(?!(?:{_KEYWORDS})\b)[A-Za-z][\w'-]*[ \t]+(?!(?:{_KEYWORDS})\b)[A-Za-z_]\w*")
_OWN_SCRIPT = re.compile(r"[\u0370-\u1fff\u2e80-\ud7ff\uf900-\ufaff]")  # letters of Chinese, Japanese, Korean, Russian
_CODE = re.compile(
    r"\s+(?:def|class|async|return|import|yield|raise)\b|\s+(?:self|super)\b|\s+from\s+[\w.]+\s+import\b"
)
_BROKEN = re.compile(r"(?:class|def)\b")


def why_foreign(lines: Sequence[str]) -> str:
    """Return what these lines are if they are no Python; "" if nothing says so.

    Args:
        lines: a part of the text that does not parse, its first line at the margin.
    """
    head, rest = lines[0].strip(), lines[1:]
    if _BROKEN.match(head):
        return ""
    if _BRANCH.match(head):
        return "" if any(_BROKEN.match(line.lstrip()) for line in rest) else PARSE_MODEL
    if any(map(_CODE.match, rest)):
        return ""
    return _why_head(head)


def why_tail(lines: Sequence[str]) -> str:
    """Return what the end of a class is from the line on that does not parse, if it is no Python; "" if it may be."""
    head = lines[0].strip()
    if head.startswith("elif") or re.match(r"if\s+m\b", head):
        return why_foreign([head, *lines[1:]])
    alone = all(not _CODE.match(line) and not _BROKEN.match(line.lstrip()) for line in lines[1:])
    return _why_head(head) if alone and not _SHORT.match(head) else ""


def _why_head(head: str) -> str:
    signs = ((_OUTPUT, _ANSWER), (_ROW, YAML), (_ADDRESS, _PROSE), (_TAG, _PAGE))
    found = next((what for sign, what in signs if sign.match(head)), "")
    if found:
        return found
    if is_magic(head) or _SHELL.match(head):
        return _COMMAND
    if _KEY.match(code_of(head)) or _ITEM.match(head):
        return YAML
    return _PROSE if _is_prose(head) else ""


def _is_prose(head: str) -> bool:
    code = code_of(head)
    if _STATEMENT.match(code):
        return False
    return bool(_WORDS.search(code) or _OWN_SCRIPT.search(code) or _MARK.match(head) or _SHORT.match(head))
