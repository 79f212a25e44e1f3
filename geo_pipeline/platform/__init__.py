"""Dagster from within: its instance, its records, its partitions; the only room that may import
its private modules.
"""
