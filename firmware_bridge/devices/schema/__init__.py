"""Every key that a profile may have, one file for each kind of payload."""
