-- The day on which the outlook of France was issued; NULL where there is none.
SELECT issued FROM outlook_issued
