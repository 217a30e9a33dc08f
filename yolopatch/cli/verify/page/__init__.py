"""What the HTML report of `verify` shows, made ready for its templates."""
