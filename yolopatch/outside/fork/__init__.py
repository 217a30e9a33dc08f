"""A fork as strangers publish it: a folder, a git repository or an archive. It is only read, and nothing of it runs."""
