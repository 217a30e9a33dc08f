"""What each command does, from names to one frozen result. No printing here."""
