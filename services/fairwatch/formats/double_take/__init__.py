"""Double Take."""
