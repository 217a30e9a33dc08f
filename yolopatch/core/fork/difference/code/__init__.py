"""How the code of two files differs: definition by definition, and statement by statement."""
