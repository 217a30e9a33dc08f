"""Paths of the patches, templates and module sources: in a checkout, in a wheel, or in a user's catalog.

The only file of the catalog that touches the disk.
"""

from __future__ import annotations

from pathlib import Path

from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS

_PACKAGE = Path(__file__).resolve().parent.parent
# In a wheel they are inside the package; in a checkout, in its top folder.
_ROOT = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent


def patches_dir() -> Path:
    """Return the folder with one folder of patches per pin."""
    return _ROOT / "patches"


def templates_dir() -> Path:
    """Return the folder with the templates of model YAMLs and of upstream code."""
    return _ROOT / "templates"


def source_file(source: str) -> Path:
    """Return the single source of the module with this source name."""
    home = next((module.home for module in MODULES.values() if module.source == source), None)
    if home:
        return home / "modules" / f"{source}.py"
    # yolopatch's own are sorted into folders by what they stand for
    return next((_PACKAGE / "modules").glob(f"*/{source}.py"))


def fork_source() -> Path:
    """Return the file that the stamp patch adds to every pin."""
    return _PACKAGE / "upstream" / "fork.py"


def manifest_file(pin: str) -> Path:
    """Return the list of the pin's files and their git blob ids."""
    return (_home_of(pin) or _PACKAGE / "catalog") / "manifests" / f"{pin}.txt"


def interface_file(pin: str) -> Path:
    """Return the file with what a pasted file can use of one of our own pins."""
    return _PACKAGE / "catalog" / "interfaces" / f"{pin}.json"


def release_index_files(upstream: str) -> tuple[Path, Path]:
    """Return the files with the ids of the files, and of the definitions, of every release of an upstream."""
    folder = _PACKAGE / "catalog" / "releases"
    return folder / f"{upstream}.txt", folder / f"{upstream}-definitions.txt"


def figures_file() -> Path:
    """Return the file with the figures that maintainers measured on the tutorials' models."""
    return _PACKAGE / "catalog" / "figures.json"


def costs_file() -> Path:
    """Return the file with what maintainers measured of each module in a model."""
    return _PACKAGE / "catalog" / "costs.json"


def constraints_file(name: str) -> Path:
    """Return the file with the requirements of the environment set with this name."""
    return _PACKAGE / "catalog" / "constraints" / f"{name}.txt"


def patch_file(pin: str, module: str, flavor: str) -> Path:
    """Return the path of the patch that adds a module in a flavor to a pin."""
    home = MODULES[module].home or _home_of(pin)
    return _patches(home) / pin / f"{module}-{flavor}.patch"


def fix_file(pin: str, name: str) -> Path:
    """Return the path of a pin's fix patch of this name; a pin without its fixes has no such file."""
    return _patches(_home_of(pin)) / pin / f"{name}.patch"


def stamp_file(pin: str) -> Path:
    """Return the path of the patch that stamps the checkpoints of a pin."""
    return _patches(_home_of(pin)) / pin / "stamp.patch"


def read_data(file: Path) -> str:
    """Return the text of a file that comes with the package.

    Raises:
        OSError: the installation is damaged.
    """
    return file.read_text("utf-8")


def _home_of(pin: str) -> Path | None:
    return PINS[pin].home


def _patches(home: Path | None) -> Path:
    return home / "patches" if home else patches_dir()
