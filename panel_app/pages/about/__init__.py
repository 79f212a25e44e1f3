"""About: method, sources, licences, limits."""
