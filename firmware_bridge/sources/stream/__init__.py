"""What the packets of every link go through: queue, pacing, recording, and the loop that opens a lost link again."""
