"""Dagster assets by layer. They call the other rooms and compute nothing themselves."""
