"""`verify`: the command, its result lines, and its HTML report."""
