"""The outside world: git, archives, the network, the cache, child processes."""
