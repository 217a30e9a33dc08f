"""yolopatch: fetch a pinned YOLO, patch a paper's module in, render its YAML, prove what came out."""

__version__ = "0.1.0"
