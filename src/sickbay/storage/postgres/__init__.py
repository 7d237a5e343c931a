"""The store on PostgreSQL: reads use a connection pool; writes lock what they depend on before they read it."""
