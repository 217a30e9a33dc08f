"""The tutorials: recipes, and the figures that were measured of them."""
