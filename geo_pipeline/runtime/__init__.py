"""What runs the assets: what they are handed, how they write, and how a step is guarded.

Assets themselves are in `assets`, Dagster's private parts in `platform`.
"""
