-- Droughts on record of one département, the latest first.
SELECT first_dekad, last_dekad, duration_dekads, severity, peak, peak_dekad, state
FROM drought_events
WHERE departement = $departement
ORDER BY first_dekad DESC
