"""Links of a page, which work in the repository, written so that they work on the site.

What they lead to is a page of the site, or a file of the repository that the site then carries: no link needs a host.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

PICTURES = (".svg", ".png")
CHINESE = ".zh.md"
# Code in fences comes first, and code in backticks last: no link is meant there, but the words of a link may be code.
_PARTS = re.compile(
    r"^ *(?P<fence>`{3,}).*?^ *(?P=fence)`*$"
    r"|(?P<picture>!?)\[(?P<words>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<link>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)"
    r"|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)


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
        return _PARTS.sub(lambda part: self._link(part) if part["link"] else part[0], text)

    def _link(self, found: re.Match[str]) -> str:
        picture, words, link, anchor = found["picture"], found["words"], found["link"], found["anchor"] or ""
        path = (self.source.parent / link).resolve()
        if ":" in link or not path.is_relative_to(self.root) or not path.is_file():
            return found[0]  # another site, or a link that is broken here, too: mkdocs says so
        target = place(path.relative_to(self.root))
        if target.startswith("files/"):
            self.files[target] = path
        way = posixpath.relpath(target, posixpath.dirname(self.target) or ".")
        if target.endswith(CHINESE) and self.target.endswith(CHINESE):
            # by the name of its twin: mkdocs takes the page of the language that it builds
            way = f"{way.removesuffix(CHINESE)}.md"
        elif target.endswith(CHINESE):
            # mkdocs builds one language after the other, and knows no page of another one
            return f'<a href="{self._to_root()}zh/{target.removesuffix(CHINESE)}.html{anchor}">{words}</a>'
        return f"{picture}[{words}]({way}{anchor})"

    def _to_root(self) -> str:
        return "../" * self.target.count("/")
