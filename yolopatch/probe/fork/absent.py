"""Stand-ins for what a tree imports and the interpreter does not have.

A fork imports the packages of all its modules, and a model needs few of them. A stand-in lets the import of the others
pass; whatever uses it to compute raises AbsentError, so that no model is built on one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


class AbsentError(Exception):
    """A model uses a name of a package that is not there.

    Attributes:
        absent: what is imported: `timm`.
        used: what is used of it: `timm.models.layers.DropPath`.
    """

    def __init__(self, absent: str, used: str) -> None:
        super().__init__(f"{used} is used, but {absent} is not installed")
        self.absent = absent
        self.used = used


class _Name(type):
    """The type of a name of an absent package: a class, because some derive from it.

    While the tree is imported, a call of it gives a name again (a decorator gives what it decorates). At any other time
    a call raises.
    """

    importing = False
    absent: str
    used: str

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return named(cls.absent, f"{cls.used}.{name}")

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        cls._use()
        decorates = len(args) == 1 and not kwargs and callable(args[0]) and not isinstance(args[0], _Name)
        return args[0] if decorates else named(cls.absent, f"{cls.used}()")

    def __getitem__(cls, key: object) -> Any:
        cls._use()
        return named(cls.absent, f"{cls.used}[]")

    def __add__(cls, other: object) -> Any:
        """Be a part of a list of classes: `DETECT + SEGMENT`."""
        cls._use()
        return named(cls.absent, f"{cls.used} + ...")

    __radd__ = __add__

    def __iter__(cls) -> Iterator[Any]:
        cls._use()
        return iter(())

    def __lt__(cls, other: object) -> bool:
        """Be in no order: other libraries ask IPython for its version wherever it seems to be imported."""
        cls._use()
        return False

    __le__ = __gt__ = __ge__ = __lt__

    def _use(cls) -> None:
        if not _Name.importing:
            raise AbsentError(cls.absent, cls.used)


_STAND_IN = re.compile(rf"\b{_Name.__name__}\b")


def named(absent: str, used: str) -> Any:
    """Return the stand-in of one name of an absent package."""
    return _Name(used.rpartition(".")[2] or used, (), {"absent": absent, "used": used, "__module__": absent})


class _Module(ModuleType):
    def __init__(self, name: str, absent: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self.__version__ = "0"
        self._absent = absent

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return named(self._absent, f"{self.__name__}.{name}")


class Missing(MetaPathFinder, Loader):
    """Finds stand-ins for what is missing. It is asked last, so that it hides nothing that is there.

    Attributes:
        modules: the modules that are missing, with all below them.
        names: by module, the names that it does not have when they are needed.
    """

    def __init__(self) -> None:
        self.modules: list[str] = []
        self.names: dict[str, list[str]] = {}

    def lacks(self, module: str, name: str) -> None:
        """Give a module the stand-in of a name, now if it is imported, else before it runs."""
        self.names.setdefault(module, []).append(name)
        if module in sys.modules:
            self.complete(sys.modules[module])

    def complete(self, module: ModuleType) -> None:
        """Give a module the stand-ins of the names that it does not have."""
        for name in self.names.get(module.__name__, ()):
            if not hasattr(module, name):
                setattr(module, name, named(f"{module.__name__}:{name}", f"{module.__name__}.{name}"))

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        """See importlib.abc.MetaPathFinder."""
        return ModuleSpec(fullname, self, is_package=True) if self._of(fullname) else None

    def _of(self, fullname: str) -> str:
        return next((one for one in self.modules if fullname == one or fullname.startswith(f"{one}.")), "")

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """See importlib.abc.Loader."""
        return _Module(spec.name, self._of(spec.name))

    def exec_module(self, module: ModuleType) -> None:
        """See importlib.abc.Loader: there is nothing to run."""


class _Incomplete(MetaPathFinder):
    """Finds the modules that are there and lack a name. It is asked first."""

    def __init__(self, missing: Missing) -> None:
        self._missing = missing

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in self._missing.names else None
        if spec is None or spec.loader is None:
            return None
        spec.loader = _Completing(spec.loader, self._missing)
        return spec


class _Completing(Loader):
    def __init__(self, loader: Loader, missing: Missing) -> None:
        self._loader = loader
        self._missing = missing

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._missing.complete(module)  # before it runs: what it defines itself takes the place of a stand-in
        self._loader.exec_module(module)


def is_about_a_stand_in(error: BaseException) -> bool:
    """Return whether an exception says that a stand-in cannot do something: `unsupported operand type(s)`."""
    return isinstance(error, TypeError) and _STAND_IN.search(str(error)) is not None  # in any quotes, or none


def absent_of(value: object) -> str:
    """Return what is missing for a stand-in: `timm`, or `module:name`; "" for anything else."""
    return value.absent if isinstance(value, _Name) else ""


def install() -> Missing:
    """Ask for stand-ins from now on, and return what says which there are: none yet."""
    missing = Missing()
    sys.meta_path.insert(0, _Incomplete(missing))
    sys.meta_path.append(missing)
    return missing


@contextmanager
def importing() -> Iterator[None]:
    """Let no use of a stand-in raise while this lasts: what is imported computes nothing with it that counts."""
    _Name.importing = True
    try:
        yield
    finally:
        _Name.importing = False
