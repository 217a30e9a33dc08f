"""What `make gpu` runs: every module and every family of models on one GPU, or on the CPU in small sizes."""
