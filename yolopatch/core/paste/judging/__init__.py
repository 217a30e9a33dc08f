"""Judge a pasted class by what it makes of maps: which kind it is, and whether it keeps what its kind promises."""
