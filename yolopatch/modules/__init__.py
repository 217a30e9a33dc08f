"""One source file for each module, in a folder for what it stands for; every patch of it is rendered from this file."""
