"""Writing a profile: capture lines, guess the columns, draft, check the golden bytes."""
