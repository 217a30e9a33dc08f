"""The releases that a fork may have begun from: an index of each upstream's, and the tags of yolov5.

`<upstream>.txt` has the ids of the folded files of each release, `<upstream>-definitions.txt` those of the classes,
functions and methods: written by `make release-index`, read by `yolopatch/core/fork/index.py`. Of yolov5, whose tags
are far apart, both have the commits between them, too, and those after the last one.
"""

from __future__ import annotations

# The commits of yolov5's tags `v5.0` to `v7.0`, oldest first; PyPI has none of them.
YOLOV5_TAGS = {
    "5.0": "f5b8f7d54c9fa69210da0177fec7ac2d9e4a627c",
    "6.0": "956be8e642b5c10af4a1533e09084ca32ff4f21f",
    "6.1": "3752807c0b8af03d42de478fbcbf338ec4546a6c",
    "6.2": "d3ea0df8b9f923685ce5f2555c303b8eddbf83fd",
    "7.0": "915bbf294bb74c859f0b41f1c23bc395014ea679",
}
# The commit of yolov5's branch `master` with which the index ends.
YOLOV5_NEWEST = "5081342f04fb287fc2e5f2b5a4e06752b7937b1c"
