-- Inputs of the publication, when it was begun, its form, and how many before it began as a copy.
SELECT fingerprint, started_at, layout, continued FROM publication
