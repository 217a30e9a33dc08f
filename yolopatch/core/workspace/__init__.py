"""What a workspace says of itself: in its commits, in its files."""
