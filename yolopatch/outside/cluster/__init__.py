"""Ray: the only place that imports it, and only when a cluster is asked for."""
