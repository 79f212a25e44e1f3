"""Storage of tables: the lake (truth, one file for each partition) and the warehouse
(publication)."""
