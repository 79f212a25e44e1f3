-- Droughts on record, the latest first: of one département, or '' for all of France.
SELECT departement, first_dekad, last_dekad, duration_dekads, severity, peak, peak_dekad, state
FROM drought_events
WHERE $departement = '' OR departement = $departement
ORDER BY first_dekad DESC, departement
