"""The map of France, and the map alone for other sites (`pages/embed`)."""
