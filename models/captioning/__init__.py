"""From a picture to a sentence."""
