"""Frames in, frames out: what lies between a provider's rows and a table of the lake.

The arithmetic itself is in `indicators`; here it meets dates, départements and long form.
"""
