"""Several files of one post, as one."""
