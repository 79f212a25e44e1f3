-- Years of reference that a class needs, in the runs that the publication was made by.
SELECT class_min_years FROM class_rules
