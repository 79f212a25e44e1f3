-- The départements with their official area: drawn outlines are too coarse to be measured.
-- In: boundaries(departement, name, region_code, region, area_official_km2, geometry lon/lat)
SELECT
    departement,
    name,
    region_code,
    region,
    area_official_km2 AS area_km2,
    geometry
FROM boundaries
ORDER BY departement
