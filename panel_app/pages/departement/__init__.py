"""A département: the answer in words, and its evidence."""
