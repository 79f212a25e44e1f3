"""Dagster's inside: its instance, its records, its partitions. This is the only room that may
import Dagster's private modules."""
