"""Which flags reach whom, when, and how they are sent."""
