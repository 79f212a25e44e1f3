-- Départements with rows of an earlier publication, and since when.
SELECT departement, since, what FROM held_departements ORDER BY departement
