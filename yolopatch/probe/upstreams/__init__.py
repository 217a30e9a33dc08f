"""Every upstream behind one face: to build a model, to train it as upstream does, and to ask about it."""
