"""One file for each dashboard, and one for the alert rules: what they ask, and how it is shown."""
