"""How our own weights were made: recipes that run from folders of pictures, nothing of the bot."""
