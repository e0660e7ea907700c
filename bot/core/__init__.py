"""What every room of the bot may use: settings, errors, languages, logs and figures. No Discord."""
