-- Soil water of the next dekads under grass, which stands for the land, as it is told; with its measured skill.
SELECT *
FROM soil_outlook
WHERE departement = $departement AND crop = 'grassland'
ORDER BY lead_dekads
