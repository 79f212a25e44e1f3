"""The bulletin: two pages on one place at one dekad, for readers who take a document home.

`places` names what a bulletin can be of, `records` reads the publication, `sections` and its
neighbours write sentences and tables, `pictures` draws, `documents` puts all together, `pdf` and
`html` set it, `issues` writes files. Each figure carries its `claims`: table, key and query of the
published warehouse. A document depends on the publication and its code alone, never on the day.
"""
