"""Import a tree of unknown code, with stand-ins for what it does not find."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from ...wire.fork.models import Absent, ForkModelRequest
from ..protocol.quick_imports import quick_imports
from ..upstreams.opening import open_upstream
from ..upstreams.upstream import Upstream
from .absent import absent_of, importing, install
from .lacking import definers, folder_of, lack_of

T = TypeVar("T")
_MOST = 60  # stand-ins for modules, for each of which the import begins again
_MOST_NAMES = 500  # stand-ins for names: a parse_model lists the classes of a kit, of which few are published


class Tree:
    """A tree of unknown code, which is first on the path.

    Attributes:
        root: its folder.
        absent: what it lacks, and what a stand-in or another file of the tree took the place of.
    """

    def __init__(self, request: ForkModelRequest) -> None:
        self.root = Path(request.tree).resolve()
        self.absent: list[Absent] = []
        self._style = request.style
        self._missing = install()
        sys.path.insert(0, request.tree)

    def import_upstream(self) -> Upstream:
        """Import its upstream.

        Each time that something is missing, a stand-in takes its place and the import begins again. So what the tree
        itself tries to import, and can do without, never gets one.

        Raises:
            Exception: of its code, for another reason.
        """
        with quick_imports():
            upstream = self._imported(lambda: open_upstream(self._style))
        self._put_own_names()
        return upstream

    def mend(self, error: BaseException) -> bool:
        """Give it the name that its code did not find while a model was built; return whether there was one to give."""
        lack = lack_of(error, self.root)
        if lack is None or ":" not in lack.name or not self._note(lack):
            return False
        self._stand_in(lack.name)
        self._put_own_name(*lack.name.split(":"))
        return True

    def _imported(self, run: Callable[[], T]) -> T:
        while True:
            try:
                with importing():
                    return run()
            except (Exception, SystemExit) as error:  # the code of a stranger may raise anything
                lack = lack_of(error, self.root)
                if lack is None or not self._note(lack):
                    raise
                self._forget()
                self._stand_in(lack.name)

    def _note(self, lack: Absent) -> bool:
        """Note what is missing; return whether that is new."""
        is_name = ":" in lack.name
        alike = [one.name for one in self.absent if (":" in one.name) is is_name]
        if lack.name in alike or len(alike) == (_MOST_NAMES if is_name else _MOST):
            return False
        self.absent.append(lack)
        return True

    def _stand_in(self, name: str) -> None:
        """Let a stand-in take the place of what is missing; where the tree has it elsewhere, put that on the path.

        Authors whose editor has a folder of the tree on the path import from it without the names above.
        """
        module, _, attribute = name.partition(":")
        inside = folder_of(module, self.root)
        if attribute:
            self._missing.lacks(module, attribute)
        elif inside is None:
            self._missing.modules.append(module)
        else:
            sys.path.append(str(inside))

    def _put_own_names(self) -> None:
        """Put what the tree defines in the place of the stand-ins for names of its own, now that all is imported.

        Two files that import each other have what they need in the end. A name that a file forgot to import is taken
        from the one file that defines it.
        """
        for module, names in list(self._missing.names.items()):
            for name in list(names):
                self._put_own_name(module, name)

    def _put_own_name(self, module: str, name: str) -> None:
        own = self._own(module, name)
        if own is not None:
            self._replace(f"{module}:{name}", own)

    def _replace(self, absent: str, own: Any) -> None:
        for holder in self._modules():
            for key, value in list(vars(holder).items()):
                if absent_of(value) == absent:
                    setattr(holder, key, own)

    def _own(self, module: str, name: str) -> Any:
        """Return what a name of a module stands for, None where the tree does not say it."""
        found = getattr(sys.modules.get(module), name, None)
        if found is not None and not absent_of(found):
            return found
        homes = definers(name, self.root)
        if len(homes) != 1:
            return None
        home = ".".join(homes[0].relative_to(self.root).with_suffix("").parts)
        return getattr(self._imported_beside(home), name, None)

    def _imported_beside(self, name: str) -> ModuleType | None:
        """Import a module that nothing of the tree imports, None where it cannot be."""
        while True:
            try:
                with importing():
                    return import_module(name)
            except (Exception, SystemExit) as error:  # as above; what uses the name says that it is missing
                lack = lack_of(error, self.root)
                if lack is None or not self._note(lack):
                    return None
                self._stand_in(lack.name)

    def _forget(self) -> None:
        """Forget its modules, which were imported in part."""
        for module in self._modules():
            sys.modules.pop(module.__name__, None)

    def _modules(self) -> list[ModuleType]:
        return [module for module in list(sys.modules.values()) if self._has(module)]

    def _has(self, module: object) -> bool:
        file = vars(module).get("__file__") if isinstance(module, ModuleType) else None
        return isinstance(file, str) and Path(file).resolve().is_relative_to(self.root)
