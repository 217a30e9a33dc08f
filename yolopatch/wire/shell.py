"""Commands that a message tells the user to type, as the shell of their system reads them.

On Windows they mean the same in cmd and in PowerShell.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable

# Windows: PowerShell makes a list of what has a comma
_PLAIN = re.compile(r"[\w+=:./\\-]+")


def quote(word: object) -> str:
    """Return one word of a command, in quotes where the shell needs them."""
    text = str(word)
    if sys.platform != "win32":
        return shlex.quote(text)
    return text if _PLAIN.fullmatch(text) else '"' + text.replace('"', '\\"') + '"'


def join(words: Iterable[object]) -> str:
    """Return a command of these words."""
    return " ".join(map(quote, words))


def wrap(parts: Iterable[Iterable[object]]) -> str:
    """Return a command of these words in several lines, one for each part; in one line on Windows."""
    return (" " if sys.platform == "win32" else " \\\n  ").join(map(join, parts))


def in_turn(*commands: str) -> str:
    """Return commands to type one after the other, in backticks, each only where the one before it ended well."""
    # PowerShell 5, which Windows comes with, has no `&&`, and cmd takes `;` for a space
    return ", then ".join(f"`{one}`" for one in commands) if sys.platform == "win32" else f"`{' && '.join(commands)}`"


def move(old: object, new: object) -> str:
    """Return the command that renames a file or a folder."""
    return join(("move" if sys.platform == "win32" else "mv", old, new))


def remove(file: object) -> str:
    """Return the command that deletes a file."""
    return join(("del" if sys.platform == "win32" else "rm", file))


def copy_folder(folder: object, to: object) -> str:
    """Return the command that copies a folder with all that is in it, hidden files too, to a new place."""
    return join(("xcopy", "/E", "/H", "/I", folder, to) if sys.platform == "win32" else ("cp", "-r", folder, to))


def show_permissions(file: object) -> str:
    """Return the command that shows who may do what with a file or a folder."""
    return join(("icacls", file) if sys.platform == "win32" else ("ls", "-ld", file))


def make_folder(folder: object) -> str:
    """Return the command that makes a folder and those above it."""
    return join(("mkdir", folder) if sys.platform == "win32" else ("mkdir", "-p", folder))


def activate(script: object) -> str:
    """Return the command that activates a virtual environment by the script `activate` in it."""
    return quote(script) if sys.platform == "win32" else join(("source", script))


def set_variable(name: str, value: str) -> str:
    """Return the command that sets an environment variable for the commands that follow."""
    if sys.platform == "win32":
        return f'set {name}={value} (in PowerShell: $env:{name} = "{value}")'
    return f"export {name}={quote(value)}"
