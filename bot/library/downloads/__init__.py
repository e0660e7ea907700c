"""Files of weights: downloaded once, checked, and kept in one folder."""
