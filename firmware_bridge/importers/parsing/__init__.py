"""What the formats share: lines, columns, units, rates, grids."""
