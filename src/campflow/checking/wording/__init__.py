"""What the checker says. Every sentence that a user reads stands here, apart from the code that finds the mistake."""
