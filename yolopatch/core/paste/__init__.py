"""Read a module that somebody wrote elsewhere, and make its file fit for an upstream. Text in, text out."""
