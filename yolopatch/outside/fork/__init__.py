"""A fork as strangers publish it: a folder, a git repository or an archive. It is read as data, and nothing of it runs."""
