"""The pages: a folder each, with its Python, templates, styles, scripts and words."""
