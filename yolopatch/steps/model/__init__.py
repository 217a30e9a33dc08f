"""`render-cfg`, `summary`, `list`."""
