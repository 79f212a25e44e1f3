"""The page of data: every file, what it is, its size and licence; the API and the feeds."""
