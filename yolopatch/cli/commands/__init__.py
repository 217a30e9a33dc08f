"""One file for each subcommand; its `command` is what the group runs."""
