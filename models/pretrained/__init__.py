"""The weights that we trained ourselves; `models.train` says how."""
