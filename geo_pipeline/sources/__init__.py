"""Providers of observations: one module each, from what they send to frames with a schema.

Only `http` opens a connection; nothing here knows Dagster or DuckDB. Settings choose the providers
(`runtime/providers.py`).
"""
