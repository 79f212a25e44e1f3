"""Providers of observations: one module each, payload in, schema'd frame out.

Only `http` opens a connection; nothing here knows Dagster or DuckDB. Which provider gives what
is chosen by settings (`runtime/providers.py`).
"""
