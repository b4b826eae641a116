"""The archive in InfluxDB."""
