"""What each command does: from the user's words to one frozen result. Nothing is printed here."""
