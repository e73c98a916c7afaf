"""Reading past calls and prices for projections."""
