"""Where the content of pins and releases comes from."""
