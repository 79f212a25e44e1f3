-- Whom to name for what is shown.
SELECT * FROM attributions ORDER BY asset, source
