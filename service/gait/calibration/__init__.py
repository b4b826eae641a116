"""Zero, span and which foot, from standing and pressing."""
