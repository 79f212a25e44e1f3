-- Yields of one département as told at each date of issue, with how well they were told of other years.
SELECT
    yield_outlook.*,
    yield_skill.skill,
    yield_skill.skill_low,
    yield_skill.years AS skill_years
FROM yield_outlook
LEFT JOIN yield_skill
    ON yield_outlook.crop = yield_skill.crop AND yield_outlook.issue = yield_skill.issue
WHERE yield_outlook.departement = $departement
ORDER BY yield_outlook.crop, yield_outlook.issued
