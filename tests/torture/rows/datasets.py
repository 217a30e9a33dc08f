"""Data sets from strangers: YAMLs, lists, labels and images, which `data check` reads to the end."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

from hostile import Hostile, changed_forms, try_all
from lab import Lab
from tally import Tally

_YAML = b"path: .\ntrain: images\nval: images\nnames: [a, b, c]\n"
YAMLS = (
    *(b"", b"\0", b"\xff\xfe\0", b"- a\n", b"a: b: c\n", b"\t", b"!!python/object/apply:os.system [touch canary]\n"),
    *(
        b"[" * 1500 + b"]" * 1500,
        b"a: " * 1000,
        b"{a: &a [*a]}",
        b"? ? ? ? x",
        b"a: 2024-13-45\n",
        b"x: 0x" + b"f" * 10**5,
    ),
    b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 9)) for n in range(98, 110)),
    *(_YAML.replace(b"[a, b, c]", value) for value in (b"x", b"{0: a, 2: b}", b"[[]]", b"[1, 2.5, null]", b"{}", b"~")),
    *(
        _YAML + b"nc: " + value + b"\n"
        for value in (b"99999999999999", b"-1", b"x", b"1e999", b".nan", b"9" * 6000, b"true")
    ),
    *(
        _YAML.replace(b"path: .", b"path: " + value)
        for value in (b"~nobody_x/y", b"/proc/self/fd", b"x" * 5000, b"'\\0'", b"/")
    ),
    *(
        _YAML.replace(b"val: images", b"val: " + value)
        for value in (b"[1, [2]]", b"list.txt", b"{a: b}", b"../../..", b"/dev/zero")
    ),
    _YAML.replace(b"[a, b, c]", b"[" + b", ".join(b"c%d" % number for number in range(20_000)) + b"]"),
)
_LABELS = (
    *(
        b"",
        b"\0",
        b"\xff\xff",
        b"nan nan nan nan nan",
        b"0 1e999 0 0 0",
        b"0 -1 -1 -1 -1",
        b"1e400 0 0 1 1",
        b"0 0 0 0",
        b"9" * 5000,
    ),
    *(
        b"0.5 .1 .1 .1 .1",
        b"0 " * 10_000,
        b"0 .1 .1 .1 .1\n" * 20_000,
        b"\x1b[2J 0 0 0 0",
        b"0x1 0 0 0 0",
        b"1_0 0 0 1 1",
        b"\xe2\x80\xa8 0",
    ),
)
_LISTS = (
    b"\0\n",
    b"\xff\n",
    b"x" * 5000,
    b"./a.jpg\n" * 5000,
    b"/dev/zero\n",
    b"\n\n",
    b"images\n",
    b"-\n--help\n",
    b"~\n",
)
_RANDOM = 60


def datasets(lab: Lab, tally: Tally) -> None:
    """Let `data check` read hostile data sets."""
    cases = [_case(f"the YAML {data[:30]!r}", **{"data.yaml": data}) for data in YAMLS]
    cases += [_case(f"the label {data[:30]!r}", **{"labels/a.txt": data}) for data in _LABELS]
    cases += [
        _case(
            f"the list {data[:30]!r}",
            **{"data.yaml": _YAML.replace(b"val: images", b"val: list.txt"), "list.txt": data},
        )
        for data in _LISTS
    ]
    cases += [
        _case(f"an image, {name}", **{"images/b.jpg": data, "labels/b.txt": b"0 .5 .5 .5 .5\n"})
        for name, data in _images()
    ]
    for name, corpus, file in (
        ("a changed YAML", [_YAML, *YAMLS[20:24]], "data.yaml"),
        ("a changed label", [b"0 0.5 0.5 0.25 0.25\n2 0.1 0.1 0.9 0.1 0.5 0.9\n"], "labels/a.txt"),
        ("a changed image", [_png(8, 8)], "images/a.jpg"),
    ):
        cases += changed_forms(
            name, tally.budget.seed, _RANDOM, corpus, lambda name, data, file=file: _case(name, **{file: data})
        )
    try_all(lab, tally, cases)


def _case(name: str, **files: bytes) -> Hostile:
    whole = {"data.yaml": _YAML, "images/a.jpg": _png(8, 8), "labels/a.txt": b"0 .5 .5 .5 .5\n", **files}
    return Hostile(name, ("data", "check", "data.yaml"), whole)


def _images() -> Iterator[tuple[str, bytes]]:
    yield "of 179 megapixels", _png(13_400, 13_400, cut=200)
    yield "of 4 gigapixels", _png(65_535, 65_535, cut=200)
    yield "no pixel", _png(0, 0)
    yield "an EPS", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n(canary) (w) file closefile\n"
    yield "an SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    yield "a text", b"hello\n"
    yield "nothing", b""
    yield "cut short", _png(64, 64)[:60]
    yield "a GIF with an endless frame", b"GIF89a\xff\xff\xff\xff\x00\x00\x00," + b"\0" * 8 + b"\xff" * 999
    yield "a TIFF whose directory is a circle", b"II*\0\x08\0\0\0\x00\x00\x08\0\0\0"
    yield "a JPEG with a huge comment", b"\xff\xd8\xff\xfe\xff\xff" + bytes(70_000)
    yield "a PNG with a text bomb", _png(8, 8, more=_chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(2**26))))


def _png(width: int, height: int, cut: int | None = None, more: bytes = b"") -> bytes:
    stream = BytesIO(b"\x89PNG\r\n\x1a\n")
    stream.seek(0, 2)
    stream.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) + more)
    stream.write(_chunk(b"IDAT", zlib.compress(bytes((width + 1) * min(height, 64)))))
    stream.write(_chunk(b"IEND", b""))
    return stream.getvalue()[:cut]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
