"""The kinds of jobs, one module each: prepared, run as a batch, and answered."""
