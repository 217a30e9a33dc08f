"""Figures as files: fonts, pictures."""
