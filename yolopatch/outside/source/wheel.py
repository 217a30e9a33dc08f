"""Turn a wheel's files into the tree of a workspace: a project that `pip install -e` can install."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from yolopatch.core.checkpoint.stamp import printable
from yolopatch.errors import SourceError

if TYPE_CHECKING:
    from configparser import ConfigParser
    from email.message import Message

# The files that upstream writes into its own folder.
_IGNORED = "__pycache__/\n*.egg-info/\n/build/\n/runs/\n*.pt\n"


def tree_of_wheel(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the wheel's files without its metadata folder, plus the files of a source checkout.

    Added are LICENSE (from the metadata), pyproject.toml (written from the metadata) and .gitignore.

    Raises:
        SourceError: its metadata are missing, or cannot be read.
    """
    tree = {path: data for path, data in files.items() if ".dist-info/" not in path}
    metadata = {path.partition(".dist-info/")[2]: data for path, data in files.items() if ".dist-info/" in path}
    licence = metadata.get("LICENSE") or metadata.get("licenses/LICENSE")
    if licence:
        tree["LICENSE"] = licence
    tree["pyproject.toml"] = _pyproject(metadata)
    tree[".gitignore"] = _IGNORED.encode()
    return tree


def _pyproject(files: Mapping[str, bytes]) -> bytes:
    import configparser  # both take a tenth of the time of an `apply` from the cache, which reads no wheel
    import email

    try:
        metadata = email.message_from_bytes(files["METADATA"])
        scripts = configparser.ConfigParser()
        scripts.read_string(files.get("entry_points.txt", b"").decode())
        return _project_of(metadata, scripts).encode()
    except (KeyError, UnicodeError, configparser.Error) as error:
        found = printable(str(error) or type(error).__name__)
        raise SourceError("the metadata of the wheel cannot be read", details=[f"found: {found}"]) from error


def _project_of(metadata: Message, scripts: ConfigParser) -> str:
    # as text: what is no ASCII comes as an object
    requires = [r for r in map(str, metadata.get_all("Requires-Dist", [])) if "extra ==" not in r]
    commands = dict(scripts["console_scripts"]) if scripts.has_section("console_scripts") else {}
    package = metadata["Name"]
    lines = [
        "# Written by yolopatch from the wheel's metadata, so that `pip install -e .` works here.",
        "[build-system]",
        'requires = ["setuptools>=61"]',
        'build-backend = "setuptools.build_meta"',
        "",
        "[project]",
        f'name = "{package}"',
        f'version = "{metadata["Version"]}"',
        f'requires-python = "{metadata["Requires-Python"]}"',
        "dependencies = [",
        *(f"    {_quoted(requirement)}," for requirement in requires),
        "]",
        "",
        "[project.scripts]",
        *(f'{name} = "{target}"' for name, target in sorted(commands.items())),
        "",
        "[tool.setuptools.packages.find]",
        f'include = ["{package}*"]',
        "",
        "[tool.setuptools.package-data]",
        '"*" = ["**/*"]',
        "",
    ]
    return "\n".join(lines)


def _quoted(requirement: str) -> str:
    plain = requirement.replace("(", "").replace(")", "")
    return f"'{plain}'" if '"' in plain else f'"{plain}"'
