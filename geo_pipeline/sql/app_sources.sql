-- Sources of the published rows, with the days they cover: of one département, or '' for all of France.
WITH used AS (
    SELECT departement, asset, unnest(string_split(source, ', ')) AS source, first_date, last_date
    FROM provenance
    WHERE rows > 0 AND ($departement = '' OR departement = $departement OR departement IS NULL)
),

-- Statistics have years where weather has days.
harvests AS (
    SELECT 'crop_statistics' AS asset, min(year) AS first_year, max(year) AS last_year
    FROM crop_statistics
    WHERE $departement = '' OR departement = $departement
)

SELECT
    attributions.asset,
    attributions.source,
    attributions.name,
    attributions.text_fr,
    attributions.text_en,
    attributions.licence_fr,
    attributions.licence_en,
    attributions.url,
    min(used.first_date) AS first_date,
    max(used.last_date) AS last_date,
    any_value(harvests.first_year) AS first_year,
    any_value(harvests.last_year) AS last_year
FROM attributions
INNER JOIN used ON attributions.asset = used.asset AND attributions.source = used.source
LEFT JOIN harvests ON attributions.asset = harvests.asset
GROUP BY ALL
ORDER BY attributions.asset, attributions.source
