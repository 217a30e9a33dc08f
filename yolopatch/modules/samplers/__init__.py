"""The single sources of up-samplers."""
