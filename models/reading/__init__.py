"""From a picture to the words in it."""
