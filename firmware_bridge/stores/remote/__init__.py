"""The archive in another insole service, and what goes over the wire."""
