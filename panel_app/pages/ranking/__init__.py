"""The ranking of départements and régions, and the comparison of up to five."""
