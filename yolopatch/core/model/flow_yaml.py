"""Plain values as YAML on one line, in the manner of upstream's files."""

from __future__ import annotations

import yaml

_WIDEST = 2**31 - 1  # characters; PyYAML breaks longer lines


class _Plain(yaml.SafeDumper):
    """Writes every value where it stands: a list that a file names twice by an alias is written twice."""

    def ignore_aliases(self, data: object) -> bool:
        """See PyYAML."""
        return True


def _write_bool(dumper: yaml.SafeDumper, value: bool) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:bool", "True" if value else "False")


_Plain.add_representer(bool, _write_bool)


def flow(value: object) -> str:
    """Return a value that `load_plain` has read as YAML on one line; read again, it is the same value."""
    written = yaml.dump([value], Dumper=_Plain, default_flow_style=True, width=_WIDEST, allow_unicode=True)
    return written.strip()[1:-1]
