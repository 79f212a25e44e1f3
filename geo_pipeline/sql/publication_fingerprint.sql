-- What the publication was made of, and when its making began.
SELECT fingerprint, started_at FROM publication
