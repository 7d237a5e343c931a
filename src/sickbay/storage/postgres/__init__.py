"""The store on PostgreSQL: reads through a pool, writes in transactions that lock what they touch before they look."""
