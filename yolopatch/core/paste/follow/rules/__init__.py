"""What layers and functions of torch, einops and upstream make of the sizes of their inputs."""
