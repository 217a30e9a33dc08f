"""What the HTML pages of several commands share."""
