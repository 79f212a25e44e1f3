"""Where tables rest: the lake (truth, one file a partition) and the warehouse (publication)."""
