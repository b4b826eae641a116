"""What stands in for the other side: servers, daemons, clocks, programs, files."""
