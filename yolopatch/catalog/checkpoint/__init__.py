"""What upstream's checkpoints hold: where they are written, and what loading one may ask for."""
