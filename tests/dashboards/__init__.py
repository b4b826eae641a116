"""The dashboards: their files, types and queries."""
