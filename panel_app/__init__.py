"""The map app: the published warehouse in a browser, with no network."""
