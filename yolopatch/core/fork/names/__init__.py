"""The Python files of a tree as code: what they define, and what a name in one of them means."""
