-- What the publication was made of, when its making began, in what form, and how many before it began as a copy.
SELECT fingerprint, started_at, layout, continued FROM publication
