-- Départements whose published rows are those of before, and since when.
SELECT departement, since, what FROM held_departements ORDER BY departement
