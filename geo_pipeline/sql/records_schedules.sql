SELECT job_body FROM jobs
UNION ALL
SELECT instigator_body FROM instigators
UNION ALL
SELECT tick_body FROM job_ticks
