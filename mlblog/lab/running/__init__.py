"""Running: from what is due to an outcome for each job, in this process, in others or on a cluster."""
