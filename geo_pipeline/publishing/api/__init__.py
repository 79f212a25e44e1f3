"""The data for programs: what `/api/v1` answers, without the server.

`offers` says what there is to ask for, from the records of tables and indicators; `questions` reads
the parameters of an address; `rows` selects rows; `forms` writes them as JSON, CSV, GeoParquet and
GeoJSON; `openapi` describes all of it; `service` answers. Nothing here knows Tornado: handlers are
in the app's `serving`.
"""
