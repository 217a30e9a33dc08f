"""One source file per convolution module; every patch of that module is rendered from it, in both flavors."""
