"""In which language the command line speaks, and its help in it."""
