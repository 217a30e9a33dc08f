"""Train a model by upstream, in a child process, and go on where it was killed."""
