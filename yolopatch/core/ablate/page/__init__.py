"""The page of a grid: what it shows, and the seeds drawn for screens of any width."""
