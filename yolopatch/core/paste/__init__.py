"""Read the file of a pasted module, and adapt it to an upstream. Text in, text out."""
