"""A block against the wearer's own normal: flags and verdicts."""
