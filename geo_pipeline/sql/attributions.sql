-- The attribution of each published source.
SELECT * FROM attributions ORDER BY asset, source
