-- When the publication was made, and what its content depends on besides the code.
SELECT published_at, fingerprint, layout, models FROM publication
