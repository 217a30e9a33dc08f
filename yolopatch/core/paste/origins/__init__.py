"""Where the names of a pasted file come from: Python, torch, an upstream, a package, another file of the post."""
