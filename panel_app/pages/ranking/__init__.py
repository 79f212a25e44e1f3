"""The ranking of départements and régions, and up to five compared."""
