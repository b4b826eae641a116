"""Server-sent events of one wearer."""
