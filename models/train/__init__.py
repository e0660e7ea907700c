"""How the weights in `models.pretrained` were made; the bot never imports this package."""
