-- The risk of départements that are held back: as published before, else empty.
-- Every dekad keeps a row of every département.
-- In: departement_risk_values, held_departements, previous_risk(the columns of departement_risk_values)
CREATE TEMP TABLE held_risk AS
SELECT departement, period_end
FROM departement_risk_values
WHERE departement IN (SELECT departement FROM held_departements);

DELETE FROM departement_risk_values
WHERE departement IN (SELECT departement FROM held_departements);

INSERT INTO departement_risk_values BY NAME
SELECT held_risk.departement, held_risk.period_end, previous_risk.* EXCLUDE (departement, period_end)
FROM held_risk
LEFT JOIN previous_risk
    ON held_risk.departement = previous_risk.departement AND held_risk.period_end = previous_risk.period_end;
