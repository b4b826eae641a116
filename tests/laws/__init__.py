"""Laws that hold whatever comes, over many seeds."""
