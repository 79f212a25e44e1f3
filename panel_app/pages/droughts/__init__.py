"""Droughts on record: how far each year's reached, and the gravest of all départements."""
