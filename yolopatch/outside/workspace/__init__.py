"""Workspaces on disk: read, built, switched."""
