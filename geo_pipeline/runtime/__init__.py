"""What runs the assets: their resource, how they write tables, and the guard of a step.

The assets are in `assets`, Dagster's private parts in `platform`.
"""
