"""Geometry, in DuckDB with its spatial extension: grids, cells, zones, boundaries, sampling points.

SQL is in `sql/`, one file for each question. Results are kept by `storage`.
"""
