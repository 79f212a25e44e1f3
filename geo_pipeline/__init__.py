"""The agricultural drought monitor of France: pipeline, indicators and publications."""
