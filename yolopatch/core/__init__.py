"""The pure core: text in, text out. No git, no torch, no network, no writing."""
