"""The record as it was known on an earlier day: indicators and outlooks of then, as a publication.

Add here what is computed again for a past day. How indicators are computed is in `transforms`, and
what a bulletin says of them in `publishing`.
"""
