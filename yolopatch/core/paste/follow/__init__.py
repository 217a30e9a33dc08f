"""Follow a pasted class with numbers and the sizes of its maps, without running it and without torch."""
