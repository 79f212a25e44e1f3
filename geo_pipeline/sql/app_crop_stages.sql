-- The calendar of the crops of one département, for publishing.calendar.stage_on.
SELECT *
FROM crop_stages
WHERE
    crop IN (SELECT crop FROM crop_statistics WHERE departement = $departement)
    -- The calendar has one grassland, the statistics have two.
    OR crop = 'grassland'
ORDER BY crop, first_day
