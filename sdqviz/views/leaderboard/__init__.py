"""Methods side by side: table, cost, pictures, cards."""
