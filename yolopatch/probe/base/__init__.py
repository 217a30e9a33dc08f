"""Find the YAML of upstream's own that a file was made from, and hold the rows and settings of both side by side."""
