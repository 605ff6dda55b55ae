"""Running: from due jobs to their outcomes, in this process, in others or on a cluster."""
