"""The forms in which the command line prints findings."""
