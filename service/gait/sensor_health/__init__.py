"""Which sensors are broken, and what is left of an insole."""
