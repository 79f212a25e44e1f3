"""Drawing without a page: outlines and curves as SVG paths, shared by documents and the app."""
