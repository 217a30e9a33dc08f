"""`python -m yolopatch.maintain patches|manifests`."""

from __future__ import annotations

import sys

from yolopatch.catalog.pins import PINS
from yolopatch.errors import YolopatchError
from yolopatch.maintain.manifests import write_manifest
from yolopatch.maintain.patches import write_patches


def main(arguments: list[str]) -> int:
    """Write the manifests or the patches of every pin."""
    write = {"patches": write_patches, "manifests": write_manifest}
    if len(arguments) != 1 or arguments[0] not in write:
        print("usage: python -m yolopatch.maintain patches|manifests", file=sys.stderr)
        return 2
    try:
        for pin in PINS.values():
            print(f"{pin.name}: {write[arguments[0]](pin)}")
    except YolopatchError as error:
        print(error.what, *error.details, error.hint, sep="\n  ", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
