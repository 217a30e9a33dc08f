"""What the scripts of a fork give to a training or a validation, read as data."""
