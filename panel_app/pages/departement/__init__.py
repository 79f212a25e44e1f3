"""A département: the answer in words, and what it rests on."""
