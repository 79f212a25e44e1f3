"""The page shown while no publication can be read."""
