SELECT run_body FROM runs
