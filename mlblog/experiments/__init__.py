"""The runs that posts rest on, one file per post."""
