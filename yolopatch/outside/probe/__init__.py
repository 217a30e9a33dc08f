"""The parent's side of the probe: start a process, read its answers, end it."""
