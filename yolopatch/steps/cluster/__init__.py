"""Train a run on a node of a cluster that shares no file system with us: what is sent there, and what the node does."""
