"""The single sources of losses of boxes."""
