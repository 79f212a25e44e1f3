"""Frames in, frames out: from a provider's rows to a table of the lake.

The arithmetic itself is in `indicators`; here it is applied to dates, départements and long form.
"""
