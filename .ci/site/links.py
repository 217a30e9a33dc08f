"""Links of a page, which work in the repository, written so that they work on the site.

What they lead to is a page of the site, or a file of the repository that the site then carries: no link needs a host.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

PICTURES = (".svg", ".png")
_CHINESE = ".zh.md"
# code in fences, indented by a list or not, and in backticks: no link is meant there
_CODE = re.compile(r"^ *(?P<fence>`{3,}).*?^ *(?P=fence)`*$|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)", re.M | re.S)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def place(path: Path | PurePosixPath) -> str:
    """Return where a file of the repository stands among the sources of the site; both paths are relative."""
    name = path.as_posix()
    if name.startswith("docs/"):
        return name.removeprefix("docs/")
    if "/" not in name and name.endswith(".md"):
        page = name.replace(".zh-CN.", ".zh.")
        # its content is that of the start page
        return page.replace("README", "index") if page.startswith("README") else f"project/{page.lower()}"
    # a browser shows a file without a suffix as it likes
    return f"files/{name}" if path.suffix else f"files/{name}.txt"


@dataclass
class Page:
    """A page.

    Attributes:
        root: the root of the repository.
        source: its file; of a generated page, the file that it would be.
        target: where it stands among the sources of the site.
        files: after `rewritten`, the files of the repository that it links to, by where the site has them.
    """

    root: Path
    source: Path
    target: str
    files: dict[str, Path] = field(default_factory=dict)

    def rewritten(self, text: str) -> str:
        """Return the text of the page with its links as the site needs them."""
        parts, end = [], 0
        for code in _CODE.finditer(text):
            parts += [_LINK.sub(self._link, text[end : code.start()]), code[0]]
            end = code.end()
        return "".join([*parts, _LINK.sub(self._link, text[end:])])

    def _link(self, found: re.Match[str]) -> str:
        picture, words, link, anchor = found.groups(default="")
        path = (self.source.parent / link).resolve()
        if ":" in link or not path.is_relative_to(self.root) or not path.is_file():
            return found[0]  # another site, or a link that is broken here, too: mkdocs says so
        target = place(path.relative_to(self.root))
        if target.startswith("files/"):
            self.files[target] = path
        way = os.path.relpath(target, PurePosixPath(self.target).parent)
        if target.endswith(_CHINESE) and not self.target.endswith(_CHINESE):
            # mkdocs builds one language after the other, and knows no page of another one
            return f'<a href="{self._to_root()}zh/{target.removesuffix(_CHINESE)}.html{anchor}">{words}</a>'
        return f"{picture}[{words}]({way}{anchor})"

    def _to_root(self) -> str:
        return "../" * self.target.count("/")
