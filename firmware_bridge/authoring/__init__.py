"""Writing a profile: capture lines, guess what each column is, draft, and check the golden bytes."""
