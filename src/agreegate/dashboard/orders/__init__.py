"""Pages that order, change a subscription or show a decision of the gate."""
