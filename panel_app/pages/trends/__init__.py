"""Trends by season, hot spots, shares of France by year."""
