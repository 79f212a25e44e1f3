"""How things are drawn, whatever the page: charts and maps as SVG, colours, templates."""
