"""What yolopatch knows by name: pins, modules, base models, tutorials. Data and look-ups, no I/O."""
