"""Geometry, in DuckDB with its spatial extension: grids, cells, zones, boundaries, sampling points.

SQL is in `sql/`, one file a question. What is kept of it, and where, is the business of `storage`.
"""
