"""Classes that are written around a pasted one, where no row of a model can make it, or its forward reads no map."""
