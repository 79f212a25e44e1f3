-- Each harvest of one département, with its departure from the mean of the five before it.
SELECT
    crop_statistics.crop,
    crop_statistics.year,
    crop_statistics.area_ha,
    crop_statistics.yield_q_ha,
    yield_anomalies.anomaly_pct,
    yield_anomalies.doubtful
FROM crop_statistics
LEFT JOIN yield_anomalies
    ON
        crop_statistics.departement = yield_anomalies.departement
        AND crop_statistics.crop = yield_anomalies.crop
        AND crop_statistics.year = yield_anomalies.year
WHERE crop_statistics.departement = $departement
ORDER BY crop_statistics.crop, crop_statistics.year
