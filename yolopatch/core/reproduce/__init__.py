"""Reproductions: records, scripts, comparisons."""
