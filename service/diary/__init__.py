"""What a person says or puts right: notes, corrections, transfers, red flags."""
