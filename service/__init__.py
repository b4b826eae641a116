"""From the stored sample to the person."""
