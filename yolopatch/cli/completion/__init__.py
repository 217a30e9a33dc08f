"""Completion of the command line in bash, zsh, fish and PowerShell."""
