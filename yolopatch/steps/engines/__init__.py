"""What executes training runs: the scheduler, and the engines that it gives runs to."""
