"""Images and labels of data sets."""
