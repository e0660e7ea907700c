"""From a message to the bytes of the pictures that it means."""
