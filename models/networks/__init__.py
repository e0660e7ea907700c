"""The networks that torchvision does not have, one architecture a file."""
