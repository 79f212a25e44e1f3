"""What is published of a département: the `Indicator` records, their legends, names of crops.

How an indicator is computed is in `transforms`, which each record names; how values become maps
and sentences is in `publishing`.
"""
