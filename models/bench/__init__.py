"""The half of `bobby bench` that needs torch: what Bobby is measured beside, and with what."""
