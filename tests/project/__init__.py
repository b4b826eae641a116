"""The project as a whole: structure, README, compose file, wheel."""
