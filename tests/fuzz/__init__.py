"""What nobody would think of, by the thousand: damaged pictures and hostile words."""
