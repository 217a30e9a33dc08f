"""What pins do with the environment that they run in, where that can surprise."""

from __future__ import annotations

# They install missing packages with the first `pip` on PATH, whichever Python it belongs to.
RUN_PIP_FROM_PATH = frozenset({"ultralytics-8.2.50", "ultralytics-8.3.0", "yolov5-6.1", "yolov5-pypi-6.1.0"})
# They end at a label cache that they cannot read; the other pins write it again.
END_AT_UNREADABLE_CACHES = frozenset({"ultralytics-8.2.50", "ultralytics-8.3.0"})
