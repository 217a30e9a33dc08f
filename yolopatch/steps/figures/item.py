"""What a figure is made of: a model YAML, a checkpoint or a run's folder, and the upstream that builds it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.outside.workspace.checkout import Checkout, read_checkout
from yolopatch.outside.workspace.workspace import NoWorkspaceError
from yolopatch.steps.model.named import Named, find_named


@dataclass(frozen=True)
class Item:
    """A model that the user names.

    Attributes:
        name: its label.
        path: the YAML or the checkpoint.
        is_yaml: which of the two.
        checkout: the upstream that builds it.
    """

    name: str
    path: Path
    is_yaml: bool
    checkout: Checkout


def find_item(text: str, workspace: Path | None) -> Item:
    """Return what the user names as `ITEM` or `NAME=ITEM`, looked for in the current folder, then in the workspace.

    Args:
        text: a model YAML, a checkpoint, or a run's folder, of which the best checkpoint is taken.
        workspace: the folder of the upstream that builds it; None for the one around the file, else around the
            current folder.

    Raises:
        UsageError: there is no such file, or it is neither.
        NoWorkspaceError: no upstream was found.
    """
    named = find_named(text, workspace)
    return Item(named.name, named.path, named.is_yaml, _checkout(named, workspace))


def _checkout(named: Named, workspace: Path | None) -> Checkout:
    if workspace is not None:
        return read_checkout(workspace.absolute())
    here, code = Path.cwd(), [named.code] if named.code else []
    for folder in dict.fromkeys((*code, *named.path.parents, here, *here.parents)):
        if (folder / ".git").exists():
            try:
                return read_checkout(folder)
            except NoWorkspaceError:
                continue
    raise NoWorkspaceError(
        f"no workspace was found that builds {named.given}",
        details=[f"looked in the folders above {named.path}, and above {here}"],
        hint="add --workspace DIR; yolopatch restore rebuilds the workspace of a checkpoint",
    )
