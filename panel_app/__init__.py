"""The map app: what a reader sees of the published warehouse, in a browser, with no network."""
