"""Read what upstream's losses take, of boxes and of the maps of a head."""
