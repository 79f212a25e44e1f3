-- The files of the lake as they were published.
SELECT asset, departement, file_sha256 FROM provenance
