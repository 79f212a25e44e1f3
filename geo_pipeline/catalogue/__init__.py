"""The catalogue of a département's indicators: records, legends, names of crops.

Each record names the function in `transforms` that computes it; `publishing` turns values into maps
and sentences.
"""
