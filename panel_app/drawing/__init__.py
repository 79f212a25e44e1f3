"""Drawing for all pages: charts and maps as SVG, colours, templates."""
