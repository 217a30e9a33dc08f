"""What is written into upstreams as it stands here: standard library only."""
