"""What a fork changes: each file that is not as its release has it, each part of it, and what that affects."""
