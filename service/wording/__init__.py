"""Where numbers become sentences: messages, reasons, guidance, measure cards."""
